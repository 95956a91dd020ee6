"""``importlib.metadata`` by who asks: the distributions of a package's view, with entry points that load exactly.

Loaded at the first question of a package that does not see what root sees; root's distributions stand in
``site-packages``, where the standard path finder finds them. Deliberately not here: which they are
(``pinfold_core::distributions``).
"""

import importlib.metadata as stock
import sys
from itertools import chain
from pathlib import Path

from pinfold import _hook, _lists


class EntryPoint(stock.EntryPoint):
    """An entry point of a distribution that the asker sees; it imports as that distribution would."""

    def load(self):
        """The object that it names, in the version of its own distribution."""
        unit = getattr(self.dist, "_pinfold_unit", None)
        load = super().load
        return load() if unit is None else _hook.as_importer(load, unit)()


class Distribution(stock.PathDistribution):
    """The distribution of a unit."""

    def __init__(self, path, unit):
        super().__init__(path)
        self._pinfold_unit = unit

    @property
    def entry_points(self):
        """As the standard one; each loads from this very distribution."""
        exact = (EntryPoint(e.name, e.value, e.group)._for(self) for e in super().entry_points)
        return stock.EntryPoints(exact)


def seen(name):
    """The distributions that the asker sees, or the one called `name`; none where `site-packages` has them."""
    return [
        Distribution(entry, unit)
        for unit, folder, distribution in _hook.distributions(name) or ()
        for entry in sorted(Path(folder).glob("*.dist-info"))
        if _is_of(entry.name, distribution)
    ]


def _is_of(dist_info, name):
    """Whether a ``NAME-VERSION.dist-info`` folder is of the distribution with this normalised name."""
    stem = dist_info.removesuffix(".dist-info").rpartition("-")[0]
    return stem.lower().replace("_", "-").replace(".", "-") == name


def find(stock_find, context):
    """What ``PathFinder.find_distributions`` gives: the asker's, then what other folders of ``sys.path`` have."""
    context = context or stock.DistributionFinder.Context()
    if "path" in vars(context):
        return stock_find(context)
    # For a package `sys.path` without `site-packages`, which is root's.
    path = _hook.search_path("")
    if path is None:
        path = list.copy(sys.path) if isinstance(sys.path, list) else sys.path
    others = stock_find(stock.DistributionFinder.Context(**{**vars(context), "path": path}))
    return chain(seen(context.name), others)


def find_among(takers, stock_find, context):
    """What is found beside `takers`, finders that answer in the place of the standard path finder.

    The backport's looks where its own code sees `sys.path`. If it is of root's and the asker has a view of its own,
    that is the wrong place, and its entry points would load there: the answer is given here, and none is left to
    it. An asker with a taker of its own as well gets the answer from that, and root's looks in the same place.
    """
    if not takers:
        return find(stock_find, context)
    roots = [_sees_what_root_sees(taker) for taker in takers]
    if context is None or "path" in vars(context) or not any(roots) or _hook.search_path("") is None:
        return ()
    found = find(stock_find, context) if all(roots) else ()
    vars(context)["path"] = [] if all(roots) else sys.path.copy()
    return found


def _sees_what_root_sees(finder):
    unit = _lists.unit_of(finder)
    return unit is None or _hook.as_importer(_hook.search_path, unit)("") is None
