"""Answers requests with routes, sessions, JSON and a template; werkzeug, jinja2 and click beneath it."""

OLD = ["flask==1.1.4", "werkzeug==1.0.1", "jinja2==2.11.3", "markupsafe==2.0.1"]
NEW = ["flask==3.1.2", "werkzeug==3.1.3", "jinja2==3.1.6", "markupsafe==3.0.3"]
CODE = "C (markupsafe)"

import flask

app = flask.Flask(__name__)
app.secret_key = "k"


@app.route("/shop/<int:number>")
def shop(number):
    flask.session["seen"] = number
    return flask.render_template_string("{{ n }} {{ '<b>' }} {% for i in range(2) %}{{ i }}{% endfor %}", n=number)


@app.route("/json")
def as_json():
    return flask.jsonify(a=1, b=[flask.session.get("seen")])


def work():
    from click.testing import CliRunner
    from flask import __version__

    app.cli.commands.pop("hello", None)
    app.cli.command("hello")(lambda: print("hello from", app.name.rpartition("_")[2]))
    client = app.test_client()
    return [
        __version__,
        client.get("/shop/7").data.decode(),
        client.get("/json").get_json(),
        client.get("/gone").status,
        app.test_cli_runner().invoke(args=["hello"]).output,
        str(flask.Markup("<i>%s</i>") % "<") if hasattr(flask, "Markup") else None,
    ]
