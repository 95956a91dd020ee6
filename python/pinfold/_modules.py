"""The dictionary that C code of a unit gets for ``sys.modules``; loaded when the first unit asks for it.

``sys.modules`` itself has a type of ``pinfold._hook``. Deliberately not here: whose module a name means.
"""

from pinfold import _hook

_MISSING = object()


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
