"""Renders inheritance, macros, filters and a sandbox that refuses, and compiles to Python."""

OLD = ["jinja2==2.11.3", "markupsafe==2.0.1"]
NEW = ["jinja2==3.1.6"]
CODE = "C (markupsafe)"

import jinja2

PAGES = {
    "base": "<{% block a %}base{% endblock %}>",
    "page": "{% extends 'base' %}{% macro m(x) %}[{{ x|upper }}]{% endmacro %}{% block a %}{{ m('a') }}{{ super() }}{% endblock %}",
}


def work():
    from jinja2.sandbox import SandboxedEnvironment, SecurityError

    environment = jinja2.Environment(loader=jinja2.DictLoader(PAGES), autoescape=True, extensions=["jinja2.ext.do"])
    try:
        SandboxedEnvironment().from_string("{{ x.__class__.__mro__ }}").render(x=1)
        refused = ""
    except SecurityError as error:
        refused = str(error)
    return [
        jinja2.__version__,
        environment.get_template("page").render(),
        environment.from_string("{{ x }} {{ [3, 1, 2]|sort|join(',') }} {{ {'a': 1}|tojson }}").render(x="<b>"),
        refused,
        len(environment.compile(PAGES["page"], raw=True)) > 100,
    ]
