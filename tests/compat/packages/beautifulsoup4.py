"""Parses broken HTML with three parsers, selects and changes it; lxml and html5lib beneath it."""

OLD = ["beautifulsoup4==4.9.3", "lxml==4.9.4", "html5lib==1.1"]
NEW = ["beautifulsoup4==4.14.2", "lxml==6.0.2", "html5lib==1.1"]
CODE = "C, Cython (lxml)"
FAILS = (
    "Both versions share one soupsieve, which imports `bs4` without declaring it (the dependency goes the other way), "
    "and so knows the types of whichever was first. Give the pins different versions of soupsieve."
)

import bs4


def work():
    found = [bs4.__version__]
    for parser in ("html.parser", "lxml", "html5lib"):
        soup = bs4.BeautifulSoup("<p class=a>one<b>two<p>three &eacute;", parser)
        soup.b.string = "<2>"
        found += [[tag.get_text() for tag in soup.select("p.a > b")], str(soup)]
    return [*found, bs4.UnicodeDammit("é".encode("latin-1")).unicode_markup]
