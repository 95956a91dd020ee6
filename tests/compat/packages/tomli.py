"""Reads tables, arrays, dates and numbers of TOML, and says where it is wrong."""

OLD = ["tomli==2.2.1"]
NEW = ["tomli==2.3.0"]
CODE = "C (mypyc)"

import io

import tomli

TEXT = """
title = "café"
[owner]
born = 1979-05-27T07:32:00Z
[[product]]
price = 1_000.5
tags = ["a", 'b']
[[product]]
"""


def work():
    found = tomli.load(io.BytesIO(TEXT.encode()), parse_float=lambda text: f"<{text}>")
    try:
        tomli.loads("a = 1\na = 2")
    except tomli.TOMLDecodeError as wrong:
        error = str(wrong)
    return [found["title"], found["owner"]["born"].isoformat(), found["product"], error]
