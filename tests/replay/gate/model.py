"""A model of one node, `y = x + x`, as the protobuf messages of the ONNX format: no package writes it.

Deliberately not here: more of the format than that.
"""


def doubling(length):
    """Doubles a vector of so many floats."""
    node = _field(1, "x") + _field(1, "x") + _field(2, "y") + _field(4, "Add")
    vectors = _field(11, _vector("x", length)) + _field(12, _vector("y", length))
    graph = _field(1, node) + _field(2, "doubling") + vectors
    return _field(1, 8) + _field(8, _field(2, 13)) + _field(7, graph)


def _vector(name, length):
    shape = _field(1, _field(1, length))
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def _field(number, value):
    """A number below 128, or what has a length below 128: one byte each."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2, len(data)]) + data
