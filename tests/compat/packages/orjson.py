"""Writes and reads JSON with dates, UUIDs, data classes and numpy arrays."""

OLD = ["orjson==3.8.14", "numpy==1.26.4"]
NEW = ["orjson==3.11.4", "numpy==2.3.5"]
CODE = "Rust"

import dataclasses
import datetime
import uuid

import orjson


@dataclasses.dataclass
class Point:
    x: int
    when: datetime.datetime


def work():
    import numpy

    point = Point(1, datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc))
    try:
        orjson.loads(b"{")
    except orjson.JSONDecodeError as error:
        wrong = str(error)
    return [
        orjson.__version__,
        orjson.dumps([point, uuid.UUID(int=7)], option=orjson.OPT_UTC_Z).decode(),
        orjson.dumps(numpy.arange(4).reshape(2, 2), option=orjson.OPT_SERIALIZE_NUMPY).decode(),
        orjson.loads('{"ü": [1, 2.5, null]}'),
        wrong,
        orjson.dumps({1: {2}}, default=sorted, option=orjson.OPT_NON_STR_KEYS).decode(),
    ]
