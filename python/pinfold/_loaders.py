"""The finder and the loaders that Python's import system sees.

The loaders are the standard ones, with three differences: they know their unit, they keep bytecode beside the
wheels in the store and not in them, and an extension module's C code is attributed to its unit before it
runs. Source: ``Lib/importlib/_bootstrap_external.py``.
"""

import _frozen_importlib as bootstrap
import _frozen_importlib_external as external
import marshal
import sys

from pinfold import _hook


class SourceFileLoader(external.SourceFileLoader):
    """Loads a ``.py`` file of a unit."""

    def get_code(self, fullname):
        """The code object of the file; from the store's bytecode when that is there."""
        code = _hook.read_code(self._pinfold_unit, self.path)
        if code is None:
            try:
                source = self.get_data(self.path)
            except OSError as error:
                raise unreadable(self, fullname, error) from error
            code = self.source_to_code(source, self.path)
            if not sys.dont_write_bytecode:
                _hook.write_code(self._pinfold_unit, self.path, marshal.dumps(code))
        return code

    def set_data(self, path, data, *, _mode=0o666):
        """Writes nothing: a unit's folder never changes."""


class SourcelessFileLoader(external.SourcelessFileLoader):
    """Loads a ``.pyc`` file of a unit that comes without its source."""

    def get_code(self, fullname):
        """As the standard one; a file that is gone is an ImportError that names its unit."""
        try:
            return super().get_code(fullname)
        except OSError as error:
            raise unreadable(self, fullname, error) from error


class ExtensionFileLoader(external.ExtensionFileLoader):
    """Loads a shared object of a unit; whatever its C code imports, it imports as that unit."""

    def create_module(self, spec):
        """Loads the shared object, redirects its imports, and runs its init function."""
        try:
            return _hook.create_extension(spec, self._pinfold_unit)
        except ImportError as error:
            if external._path_isfile(self.path):
                raise
            raise unreadable(self, spec.name, error) from error

    def exec_module(self, module):
        """Runs the second phase of a multi-phase initialisation (PEP 489)."""
        _hook.exec_extension(module, self._pinfold_unit)


def _in_importlibs_name(*functions):
    """Has tracebacks leave out frames of these functions where they leave out importlib's.

    CPython knows importlib's frames by the name of their file (``remove_importlib_frames`` in ``Python/import.c``);
    the functions stand for methods of these files.
    """
    file = external.SourceLoader.get_code.__code__.co_filename
    for function in functions:
        function.__code__ = function.__code__.replace(co_filename=file)


_in_importlibs_name(
    SourceFileLoader.get_code,
    SourcelessFileLoader.get_code,
    ExtensionFileLoader.create_module,
    ExtensionFileLoader.exec_module,
)


def unreadable(loader, fullname, error):
    """What an import says when a unit's file, which should be there for ever, is not."""
    _identifier, name, version, *_ = _hook.units()[loader._pinfold_unit]
    # A sync looks for the folders of the wheels, not for their files.
    folder = _hook.units()[loader._pinfold_unit][3].rpartition("/")[0]
    return ImportError(
        f"{loader.path} of {name} {version} is gone or cannot be read: {error}\n"
        f"hint: remove {folder} (`chmod -R u+w` it first), then `pinfold sync` brings it back whole",
        name=fullname,
        path=loader.path,
    )


class Finder:
    """The first of ``sys.meta_path``: answers from the units that the importer may use."""

    find_spec = staticmethod(_hook.find_spec)

    @staticmethod
    def find_distributions(context=None):
        """Nothing, but where the backport has taken this method from the standard path finder for itself."""
        if not _hook.plural() or hasattr(external.PathFinder, "find_distributions"):
            return ()
        takers = [finder for finder in sys.meta_path if type(finder) is not Finder and hasattr(finder, "find_distributions")]
        from pinfold import _metadata

        return _metadata.find_among(takers, StockPathFinder.find_distributions, context)

    @staticmethod
    def invalidate_caches():
        """Nothing to forget: the files of units never change."""


# What `importlib.machinery.PathFinder` does of itself, for the hook's own questions. No class, which takes a while to make.
StockPathFinder = type(sys.implementation)(
    find_spec=external.PathFinder.find_spec, find_distributions=external.PathFinder.find_distributions
)


def search_on_behalf():
    """From here on, whoever starts a search is the importer, whatever finders ask in between."""
    bootstrap._find_spec = _hook.search
    if "importlib.util" in sys.modules:
        sys.modules["importlib.util"]._find_spec = _hook.search


_answers_by_who_asks = False


def search_for_the_importer():
    """Makes the standard path finder, ``sys.path`` and ``sys.meta_path`` answer by who asks.

    In place, for code asks it by its name (``importlib.machinery.PathFinder``, ``pkgutil``, pytest).
    """
    global _answers_by_who_asks
    if _answers_by_who_asks:
        return  # An environment that is attached to a process with pins finds this done.
    _answers_by_who_asks = True
    # A program may have put functions of its own there before it attaches an environment: they stay in use.
    before_find_spec = external.PathFinder.find_spec
    # The backport takes this one away.
    before_find_distributions = getattr(external.PathFinder, "find_distributions", StockPathFinder.find_distributions)

    def find_spec(cls, fullname, path=None, target=None):
        """As the standard one; ``path`` defaults to what the importer may search."""
        if path is None:
            path = _hook.search_path(fullname)
            if path is not None:
                found = _hook.find_spec(fullname)
                if found is not None:
                    return found
            else:
                # As it is: who iterates it may be another's finder, which asks on behalf of the importer.
                path = list.copy(sys.path) if isinstance(sys.path, list) else sys.path
        return before_find_spec(fullname, path, target)

    def find_distributions(cls, context=None):
        """As the standard one; a unit that does not see what root sees gets those of its view."""
        from pinfold import _metadata

        return _metadata.find(before_find_distributions, context)

    stock_create, stock_exec = external.ExtensionFileLoader.create_module, external.ExtensionFileLoader.exec_module

    def create_module(self, spec):
        """As the standard one; a unit's file is loaded as that unit's, whoever made the spec."""
        unit = _hook.unit_of_path(self.path)
        return stock_create(self, spec) if unit is None else _hook.create_extension(spec, unit)

    def exec_module(self, module):
        """As the standard one; see ``create_module``."""
        unit = _hook.unit_of_path(self.path)
        return stock_exec(self, module) if unit is None else _hook.exec_extension(module, unit)

    external.ExtensionFileLoader.create_module = create_module
    external.ExtensionFileLoader.exec_module = exec_module
    external.PathFinder.find_spec = classmethod(find_spec)
    external.PathFinder.find_distributions = classmethod(find_distributions)
    if before_find_spec == StockPathFinder.find_spec:
        _hook.remember_importlib()
    from pinfold import _builtins, _lists

    _builtins.start()
    _lists.start()
    completed = ("concurrent.futures.thread", "multiprocessing.pool", "runpy", "threading", "unittest.mock")
    if any(name in sys.modules for name in completed):
        from pinfold import _stdlib

        _stdlib.complete_loaded()


def attribute_hook(function, module_globals):
    """A module's ``__getattr__`` (PEP 562) that a shared package made, with a frame of the module's own around it.

    What a module's attribute takes to be made is done on behalf of the module, whoever asks for the attribute.
    """

    def __getattr__(name):
        return function(name)

    own = type(__getattr__)(__getattr__.__code__, module_globals, "__getattr__", None, __getattr__.__closure__)
    own.__wrapped__ = function
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(function, attribute):
            setattr(own, attribute, getattr(function, attribute))
    return own


def no_other_portions(name, path):
    """The path finder of a unit's namespace package: its portions are known and do not change."""

