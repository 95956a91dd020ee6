"""`pinfold.explain`: whose something is, who loaded it, and why it is there in that version.

For the error that two versions in one process can end in, `Cannot convert numpy.ndarray to numpy.ndarray`. What
it says is asked of the hook when it is asked for; nothing is recorded for it but who loaded a module first.
Deliberately not here: what would answer an import that has not happened (`pinfold why`).
"""

import sys
from dataclasses import dataclass
from types import ModuleType

from pinfold import _hook
from pinfold._public import Unit, check_active, unit_of, units

_ROOT, _STDLIB = "root", "the standard library"
# How many requirements `str()` shows.
_SHOWN = 8


@dataclass(frozen=True)
class Explanation:
    """Whose an object or module is; `str()` of it is for people."""

    #: What was asked about: `class numpy.ndarray`.
    what: str
    #: The module that it comes from, by its plain name; None where that is not known.
    module: str | None
    #: That module's file; for a module inside the interpreter, None.
    file: str | None
    #: `numpy 1.26.4`, `root`, `world NAME` for an attached world's own code, or `the standard library`.
    owner: str
    #: Its unit; None for root's own code and the standard library.
    unit: Unit | None
    #: Who was the first to import the module: a unit's identifier or `root`; None where that was not noted.
    importer: str | None
    #: The step of the rule by which that importer got it, 2 to 5, and the step in words.
    rule: int | None
    reason: str | None
    #: The units on the shortest way of requirements from `origin`, the unit itself last.
    path: tuple[Unit, ...]
    #: Where that way begins: `root`, or `world NAME`; None where there is none.
    origin: str | None
    #: Why it is in this version: the requirements on it, as the manifest and its dependents' metadata write them.
    requirements: tuple[str, ...]
    #: Other units of the same name in this environment.
    others: tuple[Unit, ...]

    def __str__(self):
        lines = [f"{self.what} is of {self.owner}"]
        if self.unit:
            lines.append(f"  unit       {self.unit.id}, in closure {', '.join(self.unit.closures)}")
        lines.append(f"  file       {self.file or 'none: it is inside the interpreter or made at run time'}")
        if self.importer:
            lines.append(f"  loaded by  {_show(self.importer)}: rule {self.rule}, {self.reason}")
        if self.path:
            way = " -> ".join([self.origin, *(f"{unit.name} {unit.version}" for unit in self.path)])
            lines.append(f"  why        {way}")
            lines += [f"             {text}" for text in self.requirements[:_SHOWN]]
            if len(self.requirements) > _SHOWN:
                lines.append(f"             and {len(self.requirements) - _SHOWN} more")
        for label, unit in zip(["others", *[""] * len(self.others)], self.others, strict=False):
            state = "loaded" if unit.loaded else "not loaded"
            where = ", ".join(unit.closures)
            lines.append(f"  {label:<9}  {unit.name} {unit.version} ({unit.id}), in closure {where}, {state}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Comparison:
    """Two things side by side; `str()` of it says whether they are of one version."""

    first: Explanation
    second: Explanation

    @property
    def same(self) -> bool:
        """Whether both are of one unit, or both of root or the standard library."""
        return (self.first.unit, self.first.owner) == (self.second.unit, self.second.owner)

    def __str__(self):
        one, other = self.first, self.second
        if self.same:
            verdict = f"both are of {one.owner}: it is not two versions that differ here"
        elif one.unit and other.unit and one.unit.name == other.unit.name:
            verdict = (
                f"they are of two units of {one.unit.name}, {_versions(one.unit, other.unit)}: classes of one are not "
                "those of the other, whatever their names say\n"
                f"hint: hand over what both understand (bytes, lists, files, the array or DataFrame protocols){_remedy(one, other)}"
            )
        else:
            verdict = f"they are of {one.owner} and of {other.owner}"
        return f"{one}\n{other}\n{verdict}"


def explain(what, other=None):
    """Whose `what` is: a module, the name of a loaded one, a class, a function, or an instance of a class.

    With `other`, a comparison of the two. Raises RuntimeError where the hook is not active, and LookupError for
    the name of a module that is not loaded.
    """
    check_active()
    if other is not None:
        return Comparison(explain(what), explain(other))
    # A name is a plain string or a module's `__name__`; an instance of any other subclass is a thing of its class.
    if type(what) is str or (type(what).__module__, type(what).__qualname__) == ("pinfold._hook", "UnitName"):
        what = _module_named(what)
    module, subject = _module_of(what), _subject(what)
    unit = unit_of(what)
    name = _plain(module.__name__) if module is not None else None
    loader = _hook.loaded_by(f"{unit.id}:{name}") if unit and name else None
    importer, rule, reason = loader or (None, None, None)
    known = {known.id: known for known in units()}
    origin, way = (unit and _hook.way_to(unit.id)) or (None, ())
    return Explanation(
        what=subject,
        module=name,
        file=getattr(module, "__file__", None),
        owner=_owner(unit, name),
        unit=unit,
        importer=importer,
        rule=rule,
        reason=reason,
        path=tuple(known[identifier] for identifier in way),
        origin=origin,
        requirements=tuple(_requirements(unit, known.values())) if unit else (),
        others=tuple(o for o in known.values() if unit and o.name == unit.name and o.id != unit.id),
    )


def _versions(one, other):
    if one.version != other.version:
        return f"{one.version} and {other.version}"
    return f"both {one.version}, with different dependencies or from different wheels"


def _remedy(one, other):
    """How the two could be one unit, as the second half of a sentence; nothing where a requirement forbids it."""
    name = one.unit.name
    worlds = [_worlds(side.unit) for side in (one, other)]
    if not any(_takes(here, there) for here, there in ((one, other), (other, one))):
        return ""
    if worlds[0] == worlds[1] == {""}:
        return f', or make them one with `share = ["{name}"]` in the pin'
    if "" in worlds[0] | worlds[1]:
        return f', or make them one with `pinfold.attach(..., share=["{name}"])`'
    return f', or let the host have {name}, and make them one with `pinfold.attach(..., share=["{name}"])` for both'


def _takes(here, there):
    """Whether root has the unit of `here`, or could give it, and what is required of the other accepts it."""
    if "root" not in here.unit.closures and not _worlds(here.unit) - {""}:
        return False
    return all(_accepts(text, here.unit) for text in there.requirements)


def _accepts(text, unit):
    """Whether a requirement, as `Explanation.requirements` shows it, accepts the unit's version, as far as can be told."""
    import re

    requirement = re.search(r"`(.*)`", text)[1].partition(";")[0]
    for sign, version in re.findall(r"(===|==|<=|>=|<|>)\s*([0-9][0-9.]*)(?=\s*(?:,|\)|$))", requirement):
        ours, theirs = (_release(part) for part in (unit.version, version))
        if ours is None:
            return True
        most = max(len(ours), len(theirs))
        ours, theirs = (part + (0,) * (most - len(part)) for part in (ours, theirs))
        fits = {"<": ours < theirs, "<=": ours <= theirs, ">": ours > theirs, ">=": ours >= theirs}
        if not fits.get(sign, ours == theirs):
            return False
    return True


def _release(version):
    """The numbers of a plain release, `1.26.4`; None for what has more to it."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else None


def _worlds(unit):
    """The worlds whose closures have the unit; the process's own is the empty name."""
    return {closure.rpartition("/")[0] for closure in unit.closures}


def _module_named(name):
    """The loaded module that `name` means for whoever asks."""
    module = sys.modules.get(name)
    if module is None:
        raise LookupError(
            f"no module {name!r} is loaded for {_show(_hook.importer())}\n"
            "hint: import it first, or ask `pinfold why IMPORTER MODULE`, which imports nothing"
        )
    return module


def _module_of(what):
    if isinstance(what, ModuleType):
        return what
    for bearer in (what, type(what)):
        # A builtin function has its module itself; its `__module__` is a plain name, which may mean another one.
        owner = getattr(bearer, "__self__", None)
        if isinstance(owner, ModuleType):
            return owner
        name = getattr(bearer, "__module__", None)
        if isinstance(name, str) and sys.modules.get(name) is not None:
            unit = unit_of(what)
            qualified = sys.modules.get(f"{unit.id}:{_plain(name)}") if unit else None
            return qualified if qualified is not None else sys.modules.get(name)
    return None


def _subject(what):
    if isinstance(what, ModuleType):
        return f"module {_plain(what.__name__)}"
    if isinstance(what, type):
        return f"class {_plain(what.__module__)}.{what.__qualname__}"
    if isinstance(getattr(what, "__qualname__", None), str) and callable(what):
        module = getattr(what, "__module__", None) or getattr(getattr(what, "__self__", None), "__name__", None)
        return f"function {_plain(module) + '.' if module else ''}{what.__qualname__}"
    return f"an instance of {_plain(type(what).__module__)}.{type(what).__qualname__}"


def _owner(unit, module):
    if unit:
        return f"{unit.name} {unit.version}".rstrip()
    return _STDLIB if module and module != "__main__" and module.partition(".")[0] in sys.stdlib_module_names else _ROOT


def _plain(name):
    """A module's name without the unit that it may carry or begin with."""
    text = str.__str__(name)
    return text.rpartition(":")[2] if "@" in text else text


def _show(identifier):
    unit = next((unit for unit in units() if unit.id == identifier), None)
    # The own code of a world has no unit among them: `world NAME@...`.
    return f"{unit.name} {unit.version} ({identifier})" if unit else identifier.partition("@")[0]


def _requirements(unit, known):
    """What the unit is required as: by the units that depend on it, and by the manifest."""
    for closure in unit.closures:
        # A pin's requirements hold for its whole closure.
        world, _, name = closure.rpartition("/")
        where = "the manifest" if name == _ROOT else f"[pins.{name.partition('==')[0]}]"
        where += f" of world {world}" if world else ""
        for text in _hook.closure_requires(closure):
            if _name(text) == unit.name:
                yield f"{where} requires `{text}`"
    for before in known:
        if unit.id in before.dependencies:
            for text in _declared(before):
                # The requirement of an extra: whether anybody asked for the extra is not known here.
                if _name(text) == unit.name and "extra ==" not in text:
                    yield f"{before.name} {before.version} requires `{text}`"


def _declared(unit):
    """The `Requires-Dist` of a unit's metadata."""
    from importlib.metadata import PathDistribution
    from pathlib import Path

    for folder in Path(unit.path).glob("*.dist-info"):
        # A folder of a wheel has one; vendored copies lie deeper.
        yield from PathDistribution(folder).requires or ()


def _name(requirement):
    """The normalised name that a requirement begins with (PEP 503, PEP 508)."""
    import re

    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""
