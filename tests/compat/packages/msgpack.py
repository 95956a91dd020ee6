"""Packs and unpacks data, streams, times and types of its own in Cython."""

OLD = ["msgpack==1.0.5"]
NEW = ["msgpack==1.1.2"]
CODE = "Cython"

import datetime

import msgpack


def work():
    data = {"a": [1, -1, 2.5, None, True], "b": b"x" * 3, "ü": {"n": 2**40}}
    packed = msgpack.packb(data)
    stream = msgpack.Unpacker()
    stream.feed(packed[:4])
    stream.feed(packed[4:] + msgpack.packb(7))
    day = datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)
    return [
        list(msgpack.version),
        packed.hex(),
        str(list(stream)),
        str(msgpack.unpackb(msgpack.packb(day, datetime=True), timestamp=3)),
        msgpack.packb(1 + 2j, default=lambda x: msgpack.ExtType(5, str(x).encode())).hex(),
        msgpack.Packer.__module__,
    ]
