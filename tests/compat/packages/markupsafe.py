"""Escapes, formats and unescapes markup in C."""

OLD = ["markupsafe==1.1.1"]
NEW = ["markupsafe==3.0.3"]
CODE = "C"

import markupsafe


def work():
    from importlib.metadata import version

    bold = markupsafe.Markup("<b>%s</b>")
    return [
        version("markupsafe"),
        markupsafe.escape("<a href='x'>&").__html__(),
        bold % "<x>",
        bold.striptags(),
        markupsafe.Markup("&lt;&eacute;").unescape(),
        markupsafe.escape.__module__.rpartition(".")[2],
    ]
