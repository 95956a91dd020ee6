"""Keeps persistent maps, sets and lists in Rust."""

OLD = ["rpds-py==0.10.6"]
NEW = ["rpds-py==0.29.0"]
CODE = "Rust"

import rpds


def work():
    from importlib.metadata import version

    first = rpds.HashTrieMap({"a": 1})
    second = first.insert("b", 2)
    try:
        first["b"]
    except KeyError as error:
        missing = str(error)
    return [
        version("rpds-py"),
        sorted(second.items()),
        missing,
        sorted(rpds.HashTrieSet([1, 2]).insert(3)),
        list(rpds.List([1, 2]).push_front(0)),
        second.remove("a") == rpds.HashTrieMap({"b": 2}),
    ]
