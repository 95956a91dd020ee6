"""Attaching environments to the running process, for hosts whose plugins have dependencies of their own.

A world is a synced environment with importers of its own: its units, and the world's own code, which is whatever
the host imports through it. How it is joined to the process is the hook's part (``crates/hook/src/attach.rs``).
Nothing here unloads anything: Python cannot.
"""

import importlib
import json
import os
import platform
import re
import sys
import threading

from pinfold import _hook, _loaders, _public

# One at a time: the hook makes its new state from the one that it finds.
_LOCK = threading.Lock()
_WORLDS = {}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class AttachError(RuntimeError):
    """An environment could not be attached; the process is as it was."""


class World:
    """An attached environment. ``name`` and ``path`` say which."""

    def __init__(self, name, path, share):
        self.name, self.path = name, path
        self._share = share

    def __repr__(self):
        return f"<pinfold world {self.name}: {self.path}>"

    def import_module(self, name, package=None):
        """As ``importlib.import_module``, from this world."""
        if not isinstance(name, str):
            raise TypeError(f"the name of a module is a str, not {_kind(name)}")
        return self.run(importlib.import_module, name, package)

    def run(self, function, /, *args, **kwargs):
        """Calls a function of the standard library or of C code on behalf of this world.

        ``world.run(pickle.loads, data)`` and ``world.run(importlib.metadata.version, "numpy")`` answer for this
        world. Python code of the host's or of a package's imports as itself also here.
        """
        return _hook.run_in(self.name, function, args, kwargs)

    def units(self):
        """Every unit that this world sees, sorted by identifier; those that it shares with the host included."""
        return [unit for unit in _public.units() if any(c.startswith(self.name + "/") for c in unit.closures)]

    def entry_points(self, **params):
        """As ``importlib.metadata.entry_points``, for this world's distributions; ``load`` imports from this world.

        Those of shared distributions are the host's, and not listed.
        """
        from importlib import metadata

        found = self.run(metadata.entry_points, **params)
        if isinstance(found, dict):  # Python 3.11, without parameters: groups
            found = [entry for group in found.values() for entry in group]
        shared = _hook.shared_with(self.name)
        own = (entry for entry in found if entry.dist is None or _normal(entry.dist.name) not in shared)
        return metadata.EntryPoints(_entry_point(metadata, entry, self) for entry in own)


def attach(path, share=(), *, name=None, code=None):
    """Adds the environment that ``pinfold sync`` made at ``path`` to this process, as a world of its own.

    ``share`` names what the world takes from the host: distributions, with all that they need, or the host's own
    modules. ``name`` is what the world is called in messages and qualified names; by default after the folder.
    ``code`` is a folder of modules that are not a distribution, such as the plugin's own: they belong to the world.

    The same environment attached again is the same world. Raises AttachError, with the process unchanged, where the
    environment does not fit, and RuntimeError where the hook is not active.
    """
    _public.check_active()
    folder = _folder("an environment", path)
    if not folder:
        raise AttachError("could not attach an environment at ``: it is no path\nhint: name the environment's folder, such as plugins/foo/.venv")
    given = os.path.abspath(folder)
    share = sorted(set(_names(share)))
    if not isinstance(name, str | None):
        raise TypeError(f"name is what the world is called, a str, not {_kind(name)}")
    code = None if code is None else os.path.realpath(_folder("the world's own code", code))
    with _LOCK:
        try:
            return _attach(given, share, name, code)
        except AttachError as error:
            raise AttachError(f"could not attach {given}: {error}") from None


def _folder(what, path):
    try:
        return os.fsdecode(path)
    except TypeError:
        raise TypeError(f"the folder of {what} is a str or an os.PathLike, not {_kind(path)}") from None


def _names(share):
    one = isinstance(share, str | bytes)
    names = [share] if one else list(share) if hasattr(type(share), "__iter__") else [share]
    for name in names:
        if one or len(names) == 1 and names[0] is share or not isinstance(name, str):
            example = name if isinstance(name, str) else "host-api"
            got = repr(name) if one else f"{_kind(name)}, {name!r}"
            raise TypeError(f'share is a list of names, such as share=["{example}"], and not {got}')
    return names


def _kind(value):
    return type(value).__name__


def worlds():
    """Every attached world, in the order of attachment."""
    return list(_WORLDS.values())


def _attach(given, share, name, code):
    generation = _generation(given)
    there = _WORLDS.get(generation)
    if there is not None:
        if there._share != (share, code) or name not in (None, there.name):
            shared, folder = there._share
            own_code = "" if folder is None else f" and code={folder!r}"
            raise AttachError(
                f"it is attached already, as world {there.name} with share={shared!r}{own_code}\n"
                "hint: a world cannot be changed; attach it once, with all that it shares"
            )
        return there
    if code is not None:
        _check_code(code)
    distributions = [shared for shared in share if _hook.is_shareable(shared)]
    for shared in share:
        if shared not in distributions:
            _check_name(shared)
    modules = [shared for shared in share if shared not in distributions and _is_module(shared)]
    if name is not None and (not _NAME.fullmatch(name) or any(world.name == name for world in _WORLDS.values())):
        raise AttachError(
            f"it cannot be called `{name}`\nhint: a name is not taken yet, and has letters, digits, `.`, `-` and `_` only"
        )
    if name == "root":
        raise AttachError("it cannot be called `root`, which is the process's own code\nhint: give it another name")
    name = name or _unique(_named_after(given))
    parts = {
        "name": name,
        "generation": generation,
        # What is neither is for the hook to refuse, in its words.
        "share": [shared for shared in share if shared not in modules],
        "host_names": set(modules),
        "code": code,
        "markers": json.dumps(_markers()),
    }
    try:
        _hook.attach_environment(parts)
    except RuntimeError as error:
        raise AttachError(str(error)) from None
    _loaders.search_for_the_importer()
    _loaders.search_on_behalf()
    if not _WORLDS:
        _hook.take_over_init(importlib._bootstrap)
        # The program is the host's, also where a plugin is the first to call one of its functions.
        main = sys.modules.get("__main__")
        if isinstance(main, type(sys)):
            eval("importer()", vars(main), {"importer": _hook.importer})
    world = World(name, given, (share, code))
    _WORLDS[generation] = world
    return world


def _generation(given):
    """The generation that ``given`` leads to now; another sync does not change what is attached."""
    try:
        generation = os.path.realpath(given)
    except ValueError:  # a null character in it
        generation = ""
    if os.path.islink(given) and not os.path.exists(generation):
        raise AttachError(
            f"it is a link to {generation}, which is not there\nhint: `pinfold sync`, in the project that it belongs to, makes it"
        )
    if not os.path.isdir(generation):
        raise AttachError("there is no such folder\nhint: `pinfold sync`, in the project that it belongs to, makes it")
    if generation == os.environ.get("PINFOLD_GENERATION"):
        raise AttachError("this process runs in it\nhint: import what it has as usual")
    if any(os.path.exists(os.path.join(generation, file)) for file in ("closure.json", "index.bin")):
        return generation
    if os.path.exists(os.path.join(generation, "pyvenv.cfg")):
        raise AttachError(
            "it is a virtual environment that Pinfold did not make\n"
            "hint: `pinfold init`, `pinfold add` and `pinfold sync` make one that can be attached"
        )
    if os.path.exists(os.path.join(generation, ".venv")):
        raise AttachError(f"it is no environment\nhint: attach the one in it: {os.path.join(given, '.venv')}")
    raise AttachError(
        "it is no environment of Pinfold: it has no closure.json\nhint: `pinfold sync`, in a project, makes one"
    )


def _check_code(code):
    """Raises for a folder that is not there, or that has code in it which is not the world's."""
    if not os.path.isdir(code):
        raise AttachError(f"there is no folder {code} of its code\nhint: name the folder that the world's modules stand in")
    others = [os.path.dirname(os.__file__), os.path.dirname(__file__), os.environ["PINFOLD_GENERATION"]]
    others += [entry for entry in _hook.run_in(None, list, (sys.path,)) if isinstance(entry, str)]
    for other in map(os.path.realpath, others):
        if os.path.commonpath([code, other]) == code:
            raise AttachError(
                f"the folder of its code, {code}, has in it what is the host's: {other}\n"
                "hint: name a folder of the plugin's own, which is not on the host's sys.path"
            )


def _check_name(shared):
    """Raises for what cannot be shared, because it is shared already or is no whole."""
    top = shared.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names or top in ("pinfold", "__main__", "__mp_main__"):
        whose = {"pinfold": "Pinfold itself", "__main__": "the program itself", "__mp_main__": "the program itself"}
        raise AttachError(
            f"it is to share `{shared}`, which is {whose.get(top, 'of the standard library')}: every world has that "
            "already\nhint: leave it out of `share`"
        )
    if found := re.match(r"([A-Za-z0-9._-]+)\s*(\[|[<>=!~;@(])", shared):
        raise AttachError(
            f"it is to share `{shared}`, which is a requirement\nhint: share takes a name without a version: `{found[1]}`"
        )
    if not top:
        raise AttachError(f"it is to share `{shared}`, which is no name\nhint: share distributions or modules of the host's")


def _is_module(name):
    """Whether root has a module of this top-level name, loaded or not."""
    from importlib.util import find_spec

    if "." in name:
        whole = name.partition(".")[0]
        raise AttachError(
            f"it is to share `{name}`, and root of this process has no distribution of that name, and a module is shared "
            f"whole only\nhint: if it is a part of the module `{whole}`, share that; `pinfold tree` lists the distributions"
        )
    try:
        return _hook.run_in(None, find_spec, (name,)) is not None
    except ValueError:
        return True  # It is loaded, and made by hand: it has no spec.
    except ImportError:
        return False


def _named_after(given):
    """``plugins/foo/.venv`` is foo's."""
    folder, last = os.path.split(given)
    return last if not last.startswith(".") else os.path.basename(folder) or last


def _unique(name):
    name = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    taken = {"root", *(world.name for world in _WORLDS.values())}
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(free for free in (name, *numbered) if free not in taken)


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _entry_point(metadata, entry, world):
    class EntryPoint(metadata.EntryPoint):
        """One whose object is imported from its world."""

        def load(self):
            """Imports the module and looks the object up."""
            return world.run(super().load)

    return EntryPoint(entry.name, entry.value, entry.group)._for(entry.dist)


def _markers():
    """What PEP 508 evaluates markers with."""
    info = sys.implementation.version
    version = f"{info.major}.{info.minor}.{info.micro}"
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": "{}.{}".format(*sys.version_info[:2]),
        "sys_platform": sys.platform,
    }
