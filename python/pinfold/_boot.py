"""Starts the import hook; imported by the one line of ``0_pinfold.pth``.

``site`` prints and ignores what such a line raises, and Python would run on without the hook. So a refusal
ends the process here, with a message; that of a sub-interpreter ends the sub-interpreter, where CPython can do
that. Starting twice does nothing.
"""

import os
import sys

# From 3.12 on, a sub-interpreter that cannot import `site` is an exception in the one that makes it; before, a fatal error.
SUBINTERPRETERS_CAN_FAIL = sys.version_info >= (3, 12)
NO_SUBINTERPRETERS = "sub-interpreters are not supported in this release; use processes"


def start():
    """Finds the environment that this interpreter belongs to and starts the hook for it."""
    try:
        from pinfold import _hook
    except ImportError as error:
        if "subinterpreter" in str(error):
            raise RuntimeError(NO_SUBINTERPRETERS) from None
        raise
    if _hook.importer() is not None:
        if type(sys.modules) is dict:
            # The hook's one state belongs to the main interpreter.
            raise RuntimeError(NO_SUBINTERPRETERS)
        return
    collecting = _hook.pause_collector()
    try:
        _start(_hook)
    finally:
        if collecting:
            _hook.resume_collector()


def _start(_hook):
    generation = _generation(_hook)
    _follow(generation)
    _hook.hold(os.path.join(generation, "lock"))

    import _frozen_importlib as bootstrap
    import _frozen_importlib_external as external

    from pinfold import _loaders

    site_packages = os.path.join(generation, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    stdlib = os.path.dirname(os.__file__)
    finder = _loaders.Finder()
    started = _hook.start(
        {
            "index": os.path.join(generation, "index.bin"),
            "site_packages": site_packages,
            "prefix": (os.path.normpath(sys.prefix), generation),
            # Our own package answers everyone, as the standard library does.
            "stdlib": [*sys.stdlib_module_names, "__main__", "__mp_main__", "pinfold"],
            "stdlib_paths": [p for p in sys.path if _is_stdlib(p, stdlib)],
            "suffixes": external.EXTENSION_SUFFIXES,
            "path_finder": _loaders.StockPathFinder,
            "module_spec": bootstrap.ModuleSpec,
            "source_loader": _loaders.SourceFileLoader,
            "bytecode_loader": _loaders.SourcelessFileLoader,
            "extension_loader": _loaders.ExtensionFileLoader,
            "namespace_path": external._NamespacePath,
            "finder": finder,
            "bootstrap_find_spec": bootstrap._find_spec,
            "run_as": os.environ.get("PINFOLD_AS"),
            "trace": os.environ.get("PINFOLD_TRACE"),
        }
    )
    if not started:
        return
    _lock_by_unit(bootstrap, _hook)
    _resolve_by_unit(bootstrap, _hook)
    sys.meta_path.insert(0, finder)
    _load_by_ourselves(bootstrap, external, _hook)
    if _hook.plural():
        _loaders.search_for_the_importer()
    if _hook.plural() or _hook.tracing():
        _loaders.search_on_behalf()
    _look_before_listing(external, site_packages)
    _go_through_once(sys.modules.get("site"))

    os.register_at_fork(after_in_child=_hook.forked)

    import atexit

    # The first to be registered is the last to run: other handlers still import with the hook.
    atexit.register(_stop)


def _stop():
    from pinfold import _hook

    if "pinfold._lists" in sys.modules:
        sys.modules["pinfold._lists"].stop()
        sys.modules["pinfold._builtins"].stop()
    _hook.stop()


def _is_stdlib(path, stdlib):
    return path == stdlib or path.endswith("lib-dynload") or (path.endswith(".zip") and os.path.dirname(stdlib) == os.path.dirname(path))


def _generation(hook):
    """The folder of the generation to run: the parent process's, if it ran in this environment too."""
    current = hook.canonical(sys.prefix)
    inherited = os.environ.get("PINFOLD_GENERATION")
    if inherited and inherited != current and os.path.dirname(inherited) == os.path.dirname(current):
        if os.path.exists(os.path.join(inherited, "closure.json")):
            return inherited
    return current


def _follow(generation):
    """Stays with this generation, children included, when another one takes its place."""
    os.environ["PINFOLD_GENERATION"] = generation
    prefix = os.path.normpath(sys.prefix)
    for position, path in enumerate(sys.path):
        if path.startswith(prefix + os.sep):
            sys.path[position] = generation + path[len(prefix) :]


def _lock_by_unit(bootstrap, hook):
    """Keys importlib's module locks by unit and name.

    Two units whose modules import each other crosswise from two threads would otherwise wait for each other
    under one name (``importlib._bootstrap._get_module_lock``, called by C code and by ``_ModuleLockManager``).
    """
    get_module_lock = bootstrap._get_module_lock
    lock_name, give_lock = hook.lock_name, hook.give_lock

    def _get_module_lock(name):
        name = lock_name(name)
        lock = get_module_lock(name)
        # A module that the hook is loading by itself has no lock until somebody asks for it.
        give_lock(name, lock)
        return lock

    bootstrap._get_module_lock = _get_module_lock


def _load_by_ourselves(bootstrap, external, hook):
    """Lets the hook load modules of units without importlib, which loads everything else as ever."""
    hook.prepare_loading(bootstrap, external)
    if sys.flags.verbose:
        # ``-v`` tells what importlib does.
        return
    bootstrap._find_and_load = hook.find_and_load
    bootstrap._handle_fromlist = hook.handle_fromlist
    bootstrap._lock_unlock_module = hook.lock_unlock_module


def _look_before_listing(external, site_packages):
    """Looks in ``site-packages`` for a name before listing all that is there.

    What a unit provides is found in the index; what is asked for here is mostly not there at all, such as
    ``sitecustomize`` at every start. Listing the folder takes longer the more packages there are.
    """
    finder = external.PathFinder._path_importer_cache(site_packages)
    if type(finder) is not external.FileFinder:
        return
    find_spec, misses = finder.find_spec, 0
    endings = ("", *(suffix for suffix, _ in finder._loaders))

    def look_first(fullname, target=None):
        nonlocal misses
        # Who asks often is served better by a list, which is kept.
        if misses < 20 and finder._path_mtime == -1:
            place = f"{finder.path}/{fullname.rpartition('.')[2]}"
            if not any(os.path.lexists(place + ending) for ending in endings):
                misses += 1
                return None
        return find_spec(fullname, target)

    finder.find_spec = look_first


def _go_through_once(site):
    """Has ``site`` not list the site-packages of this environment again.

    It goes through those of a virtual environment twice (``venv``, then ``main``), which takes longer the more
    packages there are; what it finds the second time it has already.
    """
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "addpackage":
        frame = frame.f_back
    callers = []
    while frame is not None and len(callers) < 5:
        callers.append(frame.f_code)
        directory = frame.f_locals["sitedir"] if len(callers) == 1 else directory
        frame = frame.f_back
    names = ("addpackage", "addsitedir", "addsitepackages", "venv", "main")
    if callers != [getattr(getattr(site, name, None), "__code__", None) for name in names]:
        return
    stock, again = site.addsitedir, callers[2]

    def addsitedir(sitedir, known_paths=None):
        if sitedir == directory and sys._getframe(1).f_code is again:
            site.addsitedir = stock
            return known_paths
        return stock(sitedir, known_paths)

    site.addsitedir = addsitedir


def _resolve_by_unit(bootstrap, hook):
    """Keeps the unit in relative names: ``import_module(".sub", package)`` asked by anybody means package's own."""
    resolve_name = bootstrap._resolve_name
    name_like = hook.name_like

    def _resolve_name(name, package, level):
        return name_like(resolve_name(name, package, level), package)

    bootstrap._resolve_name = _resolve_name


try:
    start()
except BaseException as error:
    repair = "hint: `pinfold sync` repairs an environment; PINFOLD_DISABLE=1 starts Python without the hook\n"
    sys.stderr.write(
        f"error: pinfold refused to start its import hook in {sys.prefix}: {error}\n"
        f"{'' if 'hint: ' in str(error) else repair}"
    )
    sys.stderr.flush()
    if not (SUBINTERPRETERS_CAN_FAIL and NO_SUBINTERPRETERS in str(error)):
        os._exit(2)
    # What went wrong has been said; CPython would print it again, as a traceback of `site`.
    sys.excepthook = lambda *_: None
    # `site` ignores every `Exception`. A class takes a while to make: not at every start.
    raise type("Refused", (BaseException,), {})(NO_SUBINTERPRETERS) from None
