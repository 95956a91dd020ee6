"""What the hook changes in ``pickle``: how classes and functions are written that root does not see.

The pickler of ``_pickle`` is the hook's own affair; here are the functions around it, the pickler written in
Python, and the form in which a name is written. Loading needs nothing: it is stock pickle's. Source:
``Lib/pickle.py``.
"""

import importlib
import io
from types import BuiltinFunctionType, FunctionType, MethodType

from pinfold import _hook


class Reduced:
    """Stands in a pickle for what a call gives when it is loaded."""

    __slots__ = ("call",)

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


class _Override:
    """The ``reducer_override`` of a pickler that finds none: stock's has none, and a subclass may inherit one from a
    class that stands behind the pickler.
    """

    def __init__(self, pickler, reduce):
        self.pickler, self.reduce = pickler, reduce

    def __get__(self, instance, kind=None):
        kind = kind or type(instance)
        for base in kind.__mro__[kind.__mro__.index(self.pickler) + 1 :]:
            if "reducer_override" in vars(base):
                found = vars(base)["reducer_override"]
                return found.__get__(instance, kind) if hasattr(type(found), "__get__") else found
        if instance is None:
            # What `dir` names can be asked for.
            return self
        if not _hook.plural():
            raise AttributeError(f"{kind.__name__!r} object has no attribute 'reducer_override'")
        try:
            return kind.__getattr__(instance, "reducer_override")
        except AttributeError:
            return MethodType(self.reduce, instance)


_modules = {}


def reduced(module, path):
    """``getattr(importlib.import_module(module), path)``, as ``__reduce__`` would return it."""
    place = _modules.get(module)
    if place is None:
        # One object for a module, so that a pickle names it once.
        place = _modules[module] = Reduced(importlib.import_module, (module,))
    *outer, last = path.split(".")
    for name in outer:
        place = Reduced(getattr, (place, name))
    return getattr, (place, last)


def complete(name, module):
    """Takes over the module ``pickle`` or ``_pickle``, which has just been loaded."""
    if name == "_pickle":
        _hook.take_over_pickle(module, reduced, io.BytesIO)
    else:
        _complete_python(module._Pickler)


def _complete_python(pickler):
    """Gives ``pickle._Pickler``, which dill and joblib subclass, what ``_pickle.Pickler`` has got."""
    stock_dump, stock_save_global = pickler.dump, pickler.save_global
    written_by_name = FunctionType, BuiltinFunctionType

    def dump(self, obj):
        return _hook.dump_as_root(stock_dump, self, obj)

    def save_global(self, obj, name=None):
        written = _hook.reduced_global(obj, name)
        if written is None:
            # As root also below a frame of a package's own, whose `save` stands above `dump`'s call.
            return _hook.run_in(None, stock_save_global, (self, obj, name)) if _hook.plural() else stock_save_global(self, obj, name)
        self.save_reduce(*written, obj=obj)

    def reduce(self, obj):
        kind = type(obj)
        if kind in self.dispatch and kind not in written_by_name and not issubclass(kind, type):
            return NotImplemented
        return _hook.reduce(self, obj, self.proto)

    for function in (dump, save_global):
        function.__qualname__ = f"_Pickler.{function.__name__}"
        function.__module__ = "pickle"
        setattr(pickler, function.__name__, function)
    pickler.reducer_override = _Override(pickler, reduce)
    pickler.dispatch[FunctionType] = save_global
