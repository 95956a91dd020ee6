"""Keeps several values under one key, case insensitive, with views and proxies, in C."""

OLD = ["multidict==6.0.4"]
NEW = ["multidict==6.7.0"]
CODE = "C"

import multidict


def work():
    headers = multidict.CIMultiDict([("Accept", "a"), ("ACCEPT", "b")])
    proxy = multidict.CIMultiDictProxy(headers)
    headers.add("X", "1")
    return [
        multidict.__version__,
        proxy.getall("accept"),
        sorted(proxy.keys()),
        headers.popone("accept"),
        repr(headers),
        str(multidict.istr("Content-Type")),
        type(headers).__module__,
    ]
