"""Writes and reads JSON in C."""

OLD = ["ujson==5.5.0"]
NEW = ["ujson==5.11.0"]
CODE = "C, C++"

import ujson


def work():
    class Shop:
        def __json__(self):
            return '{"shop": 1}'

    try:
        ujson.loads("[1,")
    except ValueError as error:
        wrong = [type(error).__name__, str(error)]
    return [
        ujson.__version__,
        ujson.dumps({"a": [1, 2.5, None], "ü": "</"}, ensure_ascii=False, escape_forward_slashes=False, indent=1),
        ujson.dumps(Shop()),
        ujson.loads('{"x": 1e3, "y": "\\u00fc"}'),
        wrong,
    ]
