"""Wraps functions, classes and modules with transparent proxies in C."""

OLD = ["wrapt==1.14.1"]
NEW = ["wrapt==2.0.1"]
CODE = "C"

import wrapt


@wrapt.decorator
def twice(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs) * 2


class Shop:
    @twice
    def sell(self, n):
        """Sells."""
        return n


def work():
    from importlib.metadata import version

    proxy = wrapt.ObjectProxy([1, 2])
    proxy.append(3)
    return [
        version("wrapt"),
        Shop().sell(4),
        Shop.sell.__doc__,
        [len(proxy), isinstance(proxy, list), proxy + [4]],
        twice(lambda x: x)(5),
        wrapt.ObjectProxy.__module__,
    ]
