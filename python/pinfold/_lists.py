"""``sys.path`` and ``sys.meta_path`` by who asks: lists of which each importer sees its own part.

A package's own code that scans ``sys.path`` (``pkg_resources``, ``pkgutil``, the backport of
``importlib.metadata``) finds the folders of its view where root has ``site-packages``, and no folder that another
world put there. Of ``sys.meta_path`` it sees the finders of units in its view, and those that no unit owns. Root
sees plain lists unless something is hidden from it. What an importer changes is changed for everybody, where it
stands; but the folders that an attached world's code adds are that world's alone. Only with pins. Deliberately not here: imports, which the hook answers from its index.
"""

import sys

from pinfold import _hook


class _Seen(list):
    """A list of which the asker may see only a part."""

    __slots__ = ()

    def _cells(self):
        """`(value, position)` of what the asker sees; None where that is all of it."""
        raise NotImplementedError

    def _values(self):
        cells = self._cells()
        return list.copy(self) if cells is None else [value for value, _ in cells]

    def _change(self, change):
        """Calls `change` with the list as the asker sees it, and puts the outcome where it belongs."""
        cells = self._cells()
        if cells is None:
            return change(super())
        values = [value for value, _ in cells]
        result = change(values)
        free = list(cells)
        placed = []
        for value in values:
            # By identity first: what was not touched stays the entry that it is.
            cell = next((c for c in free if c[0] is value), None) or next((c for c in free if c[0] == value), None)
            if cell is not None:
                free.remove(cell)
            placed.append((value, None if cell is None else cell[1]))
        shown = {position for _, position in cells}
        hidden = [position for position in range(list.__len__(self)) if position not in shown]
        whole, done = [], set()
        for value, position in placed:
            if position is None:
                whole.append(value)
            elif position not in done:
                while hidden and hidden[0] < position:
                    whole.append(list.__getitem__(self, hidden.pop(0)))
                done.add(position)
                whole.append(list.__getitem__(self, position))
        whole += [list.__getitem__(self, position) for position in hidden]
        list.__setitem__(self, slice(None), whole)
        self._settle()
        return result

    def _settle(self):
        """Puts right what an asker with a part of the list has added."""

    def __iter__(self):
        cells = self._cells()
        return list.__iter__(self) if cells is None else iter([value for value, _ in cells])

    def __len__(self):
        cells = self._cells()
        return list.__len__(self) if cells is None else len(cells)

    def __getitem__(self, key):
        return self._values()[key]

    def __contains__(self, value):
        return value in self._values()

    def __reversed__(self):
        return reversed(self._values())

    def __eq__(self, other):
        return self._values() == (other._values() if isinstance(other, _Seen) else other)

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def __repr__(self):
        return repr(self._values())

    def __add__(self, other):
        return self._values() + other

    def __radd__(self, other):
        return other + self._values()

    def __mul__(self, times):
        return self._values() * times

    __rmul__ = __mul__

    def copy(self):
        """As the asker sees it."""
        return self._values()

    __copy__ = copy

    def __reduce_ex__(self, protocol):
        return list, (self._values(),)

    def index(self, *args):
        """As the asker sees it."""
        return self._values().index(*args)

    def count(self, value):
        """As the asker sees it."""
        return self._values().count(value)

    def __setitem__(self, key, value):
        value = list(value) if isinstance(key, slice) else value
        self._change(lambda values: values.__setitem__(key, value))

    def __delitem__(self, key):
        self._change(lambda values: values.__delitem__(key))

    def insert(self, index, value):
        """Before what the asker sees there."""
        self._change(lambda values: values.insert(index, value))

    def append(self, value):
        """At the end, which is everybody's."""
        list.append(self, value)
        self._settle()

    def extend(self, values):
        """At the end, which is everybody's."""
        list.extend(self, values)
        self._settle()

    def __iadd__(self, values):
        self.extend(values)
        return self

    def pop(self, index=-1):
        """What the asker sees there."""
        return self._change(lambda values: values.pop(index))

    def remove(self, value):
        """The first that the asker sees."""
        self._change(lambda values: values.remove(value))

    def clear(self):
        """All that the asker sees."""
        self._change(lambda values: values.clear())

    def reverse(self):
        """All that the asker sees."""
        self._change(lambda values: values.reverse())

    def sort(self, **how):
        """All that the asker sees."""
        self._change(lambda values: values.sort(**how))


class Path(_Seen):
    """``sys.path``."""

    __slots__ = ()

    def _cells(self):
        return _hook.seen_path(list.copy(self))

    def _change(self, change):
        before = list.copy(self)
        result = super()._change(change)
        _hook.path_changed(before, list.copy(self))
        return result

    def append(self, value):
        """At the end; of an attached world's code, for that world."""
        before = list.copy(self)
        super().append(value)
        _hook.path_changed(before, list.copy(self))

    def extend(self, values):
        """At the end; of an attached world's code, for that world."""
        before = list.copy(self)
        super().extend(values)
        _hook.path_changed(before, list.copy(self))

    def _settle(self):
        restored = _with_site_packages(list.copy(self))
        if restored is not None:
            list.__setitem__(self, slice(None), restored)


class MetaPath(_Seen):
    """``sys.meta_path``."""

    __slots__ = ()

    def _cells(self):
        owners = [unit_of(finder) for finder in list.__iter__(self)]
        if all(owner is None or _hook.has_in_view(owner) for owner in owners):
            return None
        pairs = enumerate(zip(list.__iter__(self), owners))
        return [(finder, at) for at, (finder, owner) in pairs if owner is None or _hook.has_in_view(owner)]


# Finder and owner by the finder's identity: the list is read at every import that is not cached.
_OWNERS = {}


def unit_of(finder):
    """The unit whose code a finder is, None for root's and the standard library's."""
    known = _OWNERS.get(id(finder))
    if known is None or known[0] is not finder:
        if len(_OWNERS) > 64:
            _OWNERS.clear()
        known = _OWNERS[id(finder)] = finder, _unit_of_code(finder)
    return known[1]


def _unit_of_code(finder):
    for name in ("find_spec", "find_module", "find_distributions"):
        scope = getattr(getattr(finder, name, None), "__globals__", None)
        if scope is not None:
            return _hook.unit_of_mark(scope.get("__pinfold__"))
    return None


# The list that stands, or stood last, in the place of `sys.path`.
_PATH = []


def start():
    """Makes the two lists answer by who asks."""
    _hook.on_replaced_lists(adopt)
    adopt()


def stop():
    """Makes them plain lists again: at the very end, our own code is gone before they are."""
    for name in ("path", "meta_path"):
        if isinstance(getattr(sys, name), _Seen):
            _hook.set_list_type(getattr(sys, name), list)


def adopt():
    """Does the same for a list that a program has put into their place."""
    if type(sys.path) is list:
        new = sys.path
        if _PATH and _hook.is_abroad() and any(isinstance(entry, str) and _hook.is_unit_folder(entry) for entry in new):
            # Made from an attached world's view, which has nothing of the host's folders: they stay.
            _PATH[0][:] = new
            new[:] = list.copy(_PATH[0])
        else:
            new[:] = _with_site_packages(new) or new
        _hook.set_list_type(new, Path)
        _PATH[:] = [new]
    if type(sys.meta_path) is list:
        _hook.set_list_type(sys.meta_path, MetaPath)


def _with_site_packages(path):
    """A list that was made from a package's view, also by a parent process, as root's; None where it was not."""
    texts = [entry if isinstance(entry, str) else "" for entry in path]
    units = [position for position, text in enumerate(texts) if _hook.is_unit_folder(text)]
    if not units or any(map(_hook.is_site_packages, texts)):
        return None
    kept = [entry for position, entry in enumerate(path) if position not in units[1:]]
    kept[units[0]] = _hook.site_packages()
    return kept
