"""The rarer methods of ``sys.modules``, over what the hook's type does itself.

A look-up, an assignment and a deletion are answered by who asks, and what lists the names or the modules is
there too, so that no other thread runs in between (``pinfold._hook``). Everything that lists
works on a snapshot: the asker's view under natural names, then all other modules under qualified names, with
which they can be looked up from anywhere. Source of what must agree: ``Objects/dictobject.c``.
"""

from pinfold import _hook

_MISSING = object()


def _reversed(self):
    return reversed(_hook.modules_snapshot())


def _repr(self):
    return repr(_hook.modules_snapshot())


def _eq(self, other):
    return self is other or _hook.modules_snapshot() == other


def _ne(self, other):
    return not _eq(self, other)


def _or(self, other):
    return _hook.modules_snapshot() | other


def _ror(self, other):
    return other | _hook.modules_snapshot()


def _update(self, *others, **named):
    for name, module in dict(*others, **named).items():
        self[name] = module


def _ior(self, other):
    _update(self, other)
    return self


def _clear(self):
    _hook.modules_clear()


def _setdefault(self, key, default=None):
    found = self.get(key, _MISSING)
    if found is _MISSING:
        self[key] = found = default
    return found


def _popitem(self):
    items = _hook.modules_snapshot()
    if not items:
        raise KeyError("popitem(): dictionary is empty")
    key, value = items.popitem()
    del self[key]
    return key, value


def _new(cls, *args, **kwargs):
    # There is one such table; whoever makes another (`fromkeys`, `copy`) wants a dict.
    return dict(*args, **kwargs)


def _deepcopy(self, memo):
    import copy

    return copy.deepcopy(_hook.modules_snapshot(), memo)


def _reduce_ex(self, protocol):
    return dict, (_hook.modules_snapshot(),)


_METHODS = {
    "__new__": staticmethod(_new),
    "__copy__": lambda self: _hook.modules_snapshot(),
    "__deepcopy__": _deepcopy,
    "__reduce_ex__": _reduce_ex,
    "__reversed__": _reversed,
    "__repr__": _repr,
    "__eq__": _eq,
    "__ne__": _ne,
    "__or__": _or,
    "__ror__": _ror,
    "__ior__": _ior,
    "update": _update,
    "clear": _clear,
    "setdefault": _setdefault,
    "popitem": _popitem,
}


def complete(modules_type):
    """Gives the type of ``sys.modules`` its remaining methods."""
    for name, function in _METHODS.items():
        setattr(modules_type, name, function)


class UnitModules(dict):
    """What C code of a unit gets for ``sys.modules``: what is not in it is looked up for that unit."""

    def __init__(self, unit):
        self._unit = unit

    def __missing__(self, name):
        return _hook.module_of(self._unit, name)

    def __contains__(self, name):
        return self.get(name, _MISSING) is not _MISSING

    def get(self, name, default=None):
        """As a dict's, for the unit."""
        try:
            return self[name]
        except KeyError:
            return default

    def __setitem__(self, name, module):
        super().__setitem__(name, module)
        _hook.keep_module(self._unit, name, module)
