"""Builds, joins, quotes and changes URLs in Cython."""

OLD = ["yarl==1.8.2"]
NEW = ["yarl==1.22.0"]
CODE = "Cython"

import yarl


def work():
    from yarl import _quoting

    url = yarl.URL("http://user:p%40@example.test:8080/a/b?x=1&x=2#f")
    return [
        yarl.__version__,
        [url.password, url.port, url.parts, url.query.getall("x")],
        str(url.with_path("/ü/ö").with_query({"q": "a b"})),
        str(url.join(yarl.URL("../c"))),
        str(url.human_repr()),
        _quoting._Quoter.__module__,
    ]
