"""The module ``builtins``: what Python code writes there, C code reads in the dictionary of the builtins, and the other way round.

C code of closures that root does not see has a dictionary of its own for it (``PyEval_GetBuiltins``), since some keep
registries there. What anybody puts in the place of something that Python itself has (``__import__``) is there for
everybody. A name that Python has not is whose it is: what a package of such a closure writes under it, its C code finds,
and the module has it for everybody else unless it had one before. Only with pins. Deliberately not here: bare names, which
Python looks up in the module's own dictionary, and code that goes by ``builtins.__dict__``.
"""

import builtins
from types import ModuleType

from pinfold import _hook

# What Python has; filled at the start.
_STOCK = set()
# Names that Python has not: for each domain those that its code has written, and whose the one is that the module has.
_WRITTEN = {}
_OWNERS = {}
# Those under which a domain has something else than the module.
_DIVIDED = set()


class _Builtins(ModuleType):
    def __setattr__(self, name, value):
        domain, own = _asker(name)
        if own is None:
            ModuleType.__setattr__(self, name, value)
            for other, copy in _hook.builtins_of_all():
                if name not in _WRITTEN.get(other, ()):
                    copy[name] = value
            if _OWNERS.pop(name, None) is not None:
                _divide(self, name)
            return
        own[name] = value
        _WRITTEN.setdefault(domain, set()).add(name)
        if name not in self.__dict__ or _OWNERS.get(name) == domain:
            _OWNERS[name] = domain
            ModuleType.__setattr__(self, name, value)
        else:
            _divide(self, name)

    def __delattr__(self, name):
        domain, own = _asker(name)
        if own is None or name not in own:
            ModuleType.__delattr__(self, name)
            for other, copy in _hook.builtins_of_all():
                if name not in _WRITTEN.get(other, ()):
                    copy.pop(name, None)
            return
        del own[name]
        _WRITTEN.get(domain, set()).discard(name)
        if _OWNERS.get(name) == domain:
            del _OWNERS[name]
            ModuleType.__delattr__(self, name)

    def __getattr__(self, name):
        asker = _hook.builtins_of_asker(False)
        if asker is not None and name in asker[1]:
            return asker[1][name]
        raise AttributeError(f"module 'builtins' has no attribute {name!r}", name=name, obj=self)


class _Divided(_Builtins):
    """Looks at who asks first: that takes a microsecond, so only once there is a name that is not the same for all."""

    def __getattribute__(self, name):
        if name in _DIVIDED:
            asker = _hook.builtins_of_asker(False)
            if asker is not None and name in _WRITTEN.get(asker[0], ()):
                return asker[1][name]
        return ModuleType.__getattribute__(self, name)


_Builtins.__name__ = _Divided.__name__ = "module"
_Builtins.__qualname__ = _Divided.__qualname__ = "module"


def _asker(name):
    """The domain of who asks for a name of its own, and its dictionary; twice None where the real one is asked for."""
    return (None if name in _STOCK else _hook.builtins_of_asker(True)) or (None, None)


def _divide(module, name):
    _DIVIDED.add(name)
    if type(module) is _Builtins:
        ModuleType.__setattr__(module, "__class__", _Divided)


def start():
    """Has the module answer by who asks; again is nothing."""
    if type(builtins) is ModuleType:
        _STOCK.update(vars(builtins), vars(ModuleType), ("__class__",))
        ModuleType.__setattr__(builtins, "__class__", _Builtins)


def stop():
    """Makes the module what it was."""
    if isinstance(builtins, _Builtins):
        ModuleType.__setattr__(builtins, "__class__", ModuleType)
