"""What programs may ask the hook: units, and to which of them something belongs."""

import sys
from typing import NamedTuple

from pinfold import _hook


class Unit(NamedTuple):
    """A distribution together with the units its dependencies resolve to."""

    id: str
    name: str
    version: str
    path: str
    closures: list[str]
    #: Identifiers of the units that its declared dependencies resolved to.
    dependencies: list[str]
    #: Whether it is pinned: its dependencies are resolved in a closure of their own.
    pinned: bool

    def __repr__(self):
        return f"<pinfold unit {self.id}{' ' if self.version else ''}{self.version}>"

    @property
    def loaded(self) -> bool:
        """Whether any module of it is loaded in this process."""
        return any(isinstance(m, type(sys)) and _hook.unit_of(m) == self.id for m in list(sys.modules.values()))


def units() -> list[Unit]:
    """Every unit of the running environment and of what was attached to it, sorted by identifier.

    Raises RuntimeError where the hook is not active.
    """
    check_active()
    return sorted(Unit(*fields) for fields in _hook.units())


def unit_of(what) -> Unit | None:
    """The unit that a module, class, function or instance belongs to; None for root's and the standard library's.

    An instance belongs to the unit of its class. What belongs to the own code of an attached world, which is no
    distribution, has a unit called ``world NAME``, without a version; ``units()`` does not list it.

    Raises RuntimeError where the hook is not active.
    """
    check_active()
    identifier = _hook.unit_of(what)
    fields = [*_hook.units(), *_hook.units(own_code=True)] if identifier else ()
    return next((Unit(*known) for known in fields if known[0] == identifier), None)


def importer() -> str:
    """Identifier of the unit on whose behalf an import would run here, or ``root``.

    Raises RuntimeError where the hook is not active.
    """
    check_active()
    return _hook.importer()


def check_active():
    """Raises RuntimeError where the hook is not active."""
    if _hook.importer() is None:
        raise RuntimeError(
            "pinfold's import hook is not active in this process\n"
            "hint: run it with `pinfold run`, or with the environment's own bin/python"
        )
