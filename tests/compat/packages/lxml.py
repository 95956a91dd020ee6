"""Parses XML and broken HTML, evaluates XPath, runs a stylesheet, validates against a schema."""

OLD = ["lxml==4.9.4"]
NEW = ["lxml==6.0.2"]
CODE = "C, Cython"

from lxml import etree

STYLE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><r><xsl:value-of select="count(//b)"/></r></xsl:template></xsl:stylesheet>"""
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"><xs:complexType><xs:sequence>
<xs:element name="b" type="xs:int" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""


def work():
    from lxml import html, objectify
    from lxml.builder import E

    tree = etree.fromstring("<a><b>1</b><b>2</b></a>")
    schema = etree.XMLSchema(etree.XML(SCHEMA))
    return [
        etree.__version__,
        tree.xpath("sum(//b)"),
        str(etree.XSLT(etree.XML(STYLE))(tree)).split("\n")[1],
        [schema.validate(tree), schema.validate(E.a(E.c()))],
        html.fromstring("<p>one<b>two<p>three").text_content(),
        objectify.fromstring("<a><n>4</n></a>").n * 2,
        etree.tostring(E.x(E.y("ü"), z="1"), encoding="unicode"),
    ]
