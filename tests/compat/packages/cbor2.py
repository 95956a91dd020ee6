"""Writes and reads CBOR with tags, dates, shared values and canonical order."""

OLD = ["cbor2==5.4.6"]
NEW = ["cbor2==5.7.1"]
CODE = "C"

import datetime
import decimal

import cbor2


def work():
    from importlib.metadata import version

    data = {"b": [1, -1, 2.5, None], "a": decimal.Decimal("1.5"), "d": datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)}
    packed = cbor2.dumps(data, canonical=True)
    shared = [1]
    again = cbor2.loads(cbor2.dumps([shared, shared], value_sharing=True))
    try:
        cbor2.loads(b"\x85\x01")
    except cbor2.CBORDecodeEOF as error:
        wrong = str(error)
    return [version("cbor2"), packed.hex(), str(cbor2.loads(packed)), again[0] is again[1], wrong, cbor2.CBORTag(4, [1]).tag]
