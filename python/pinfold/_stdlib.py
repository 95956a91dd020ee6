"""Completes modules of the standard library that keep a name now and import it later.

They would import it on behalf of whoever happens to run then. Each is completed when it is loaded, and only with
pins; what is not loaded costs nothing. Deliberately not here: modules whose imports run where they are asked for.
"""

import functools
import sys
from _frozen_importlib import FrozenImporter

from pinfold import _hook
from pinfold._loaders import StockPathFinder


def completed_spec(name, path):
    """The spec of a module that is completed after it has run."""
    spec = FrozenImporter.find_spec(name, path) or StockPathFinder.find_spec(name, path)
    if spec is not None:
        spec.loader = _Completing(spec.loader)
    return spec


class _Completing:
    """A loader that completes the module after it has run, and is then not seen any more."""

    def __init__(self, stock):
        self._stock = stock

    def create_module(self, spec):
        """As the loader's own."""
        return self._stock.create_module(spec)

    def exec_module(self, module):
        """As the loader's own; then the module is completed."""
        module.__spec__.loader = module.__loader__ = self._stock
        self._stock.exec_module(module)
        COMPLETIONS[str(module.__name__)](module)


def complete_loaded():
    """Completes what was loaded before there were pins."""
    for name in COMPLETIONS:
        if name in sys.modules:
            COMPLETIONS[name](sys.modules[name])


def _complete_mock(mock):
    """Has ``mock.patch("pkg.attr")`` import for who wrote it, also where a decorated function is called by others."""
    stock = mock.pkgutil
    if isinstance(stock, _ForWhoAsks):
        return
    mock.pkgutil = _ForWhoAsks(stock)
    begin, enter = mock._patch_dict.__init__, mock._patch_dict._patch_dict

    def __init__(self, in_dict, *args, **kwargs):
        begin(self, in_dict, *args, **kwargs)
        if isinstance(in_dict, str):
            self._pinfold_resolve = _hook.as_importer(stock.resolve_name)

    def _patch_dict(self):
        if isinstance(self.in_dict, str) and hasattr(self, "_pinfold_resolve"):
            self.in_dict = self._pinfold_resolve(self.in_dict)
        return enter(self)

    mock._patch_dict.__init__, mock._patch_dict._patch_dict = __init__, _patch_dict


class _ForWhoAsks:
    """``pkgutil``, whose ``resolve_name`` resolves for who took it, whoever calls it later."""

    def __init__(self, stock):
        self._stock = stock

    @property
    def resolve_name(self):
        """As the standard one."""
        return _hook.as_importer(self._stock.resolve_name)

    def __getattr__(self, name):
        return getattr(self._stock, name)


def _complete_executor(thread):
    """Has ``executor.submit(importlib.import_module, "x")`` import for who submitted it."""
    stock = thread._WorkItem
    if stock.__module__ == __name__:
        return

    class _WorkItem(stock):
        def __init__(self, future, fn, *rest):
            super().__init__(future, fn if _says_who_asks(fn) else _hook.as_importer(fn), *rest)

    thread._WorkItem = _WorkItem


def _says_who_asks(function):
    """Whether a function's own frame says for whom it imports: what is not the standard library's, nor made in C."""
    scope = getattr(function, "__globals__", None)
    return scope is not None and str(scope.get("__name__")).partition(".")[0] not in sys.stdlib_module_names


def _complete_threading(threading):
    """Has ``Thread(target=importlib.import_module, args=("x",))`` import for who starts the thread."""
    stock = threading.Thread.start
    if stock.__module__ == __name__:
        return

    @functools.wraps(stock, assigned=("__name__", "__qualname__", "__doc__"))
    def start(self):
        # `function` is a `Timer`'s; both are called as they are, in a frame of the standard library's.
        for place in ("_target", "function"):
            function = self.__dict__.get(place)
            if function is not None and _imports_what_it_is_told(function):
                self.__dict__[place] = _hook.as_importer(function)
        stock(self)

    threading.Thread.start = start


def _complete_pool(pool):
    """Has ``ThreadPool().apply(importlib.import_module, ("x",))`` import for who called it."""
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        stock = getattr(pool.ThreadPool, name)
        if stock.__module__ != __name__:
            setattr(pool.ThreadPool, name, _on_behalf(stock))


def _on_behalf(stock):
    @functools.wraps(stock, assigned=("__name__", "__qualname__", "__doc__"))
    def method(self, func, *args, **kwargs):
        return stock(self, _hook.as_importer(func) if _imports_what_it_is_told(func) else func, *args, **kwargs)

    return method


def _imports_what_it_is_told(function):
    """Whether a function imports what its arguments say, and has no frame that says for whom.

    Not the standard library's workers, which run what others hand over, nor other C code: while something runs on
    somebody's behalf, every import takes a longer way.
    """
    while isinstance(function, functools.partial):
        function = function.func
    scope = getattr(function, "__globals__", None)
    module = getattr(function, "__module__", None) if scope is None else scope.get("__name__")
    return str(module).partition(".")[0] in ("_pickle", "builtins", "importlib", "pickle", "pkgutil", "runpy")


COMPLETIONS = {
    "concurrent.futures.thread": _complete_executor,
    "threading": _complete_threading,
    "multiprocessing.pool": _complete_pool,
    "runpy": _hook.take_over_run,
    "unittest.mock": _complete_mock,
}
