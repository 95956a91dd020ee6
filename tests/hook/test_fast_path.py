"""Loading without importlib: everything that can be seen of a module is as plain CPython makes it.

Each case runs in an environment made by pinfold and in a venv made by uv with the same wheel, and must print the
same; or it is about what plain CPython does not have, the store's bytecode.
"""

import json
import shutil

import pytest

FILES = {
    "pkg/__init__.py": "'''Docs.'''\nfrom . import a\nfrom .sub import deep\n",
    "pkg/a.py": "import sys\nVALUE = 1\nFRAME = sys._getframe().f_code.co_filename\ndef f():\n    return 1 / 0\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "from pkg import a\nVALUE = a.VALUE + 1\n",
    "pkg/broken.py": "VALUE = 1\nraise RuntimeError('broken')\n",
    "pkg/missing.py": "import pkg.nowhere\n",
    "pkg/syntax.py": "def (:\n",
    "pkg/one.py": "from pkg.two import VALUE\n",
    "pkg/two.py": "from pkg.one import VALUE\n",
    "pkg/swap.py": "import sys\nclass Other: VALUE = 7\nsys.modules[__name__] = Other\n",
    "pkg/gone.py": "import sys\ndel sys.modules[__name__]\n",
    "pkg/slow.py": "import time\ntime.sleep(0.3)\nVALUE = 1\n",
    "pkg/other.py": "import sys, types\nnew = types.ModuleType('pkg')\nnew.__path__ = sys.modules['pkg'].__path__\nsys.modules['pkg'] = new\n",
    "pkg/alone.py": "import sys\ndel sys.modules['pkg']\n",
    "single.py": "VALUE = 3\n",
}


@pytest.fixture
def sides(project, merged, wheels):
    wheel = wheels.pure("pkg", "1.0", FILES)
    return project(f'requires = ["pkg @ file://{wheel}"]'), merged(str(wheel))


def same(sides, code, *, flags=(), env=None):
    """What both print, with the folders of the packages taken out."""
    strip = """
import sys
def shown(value):
    text = str(value)
    for folder in {p.rpartition("/pkg/")[0] for p in [__import__("importlib.util", fromlist=["x"]).find_spec("pkg").origin]}:
        text = text.replace(folder, "SITE")
    import re
    return re.sub("0x[0-9a-f]+", "0x", text).replace("pinfold._loaders", "LOADERS").replace(
        "_frozen_importlib_external", "LOADERS")
"""
    ours, theirs = (side.run(strip + code, flags=flags, env=env, check=False) for side in sides)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), f"{ours}\n{theirs}"
    assert ours.stdout.strip(), ours
    return ours


def test_module_and_spec_are_what_importlib_makes(sides):
    code = """
import pkg.sub.deep, single
for module in (pkg, pkg.a, pkg.sub, pkg.sub.deep, single):
    names = [name for name in vars(module) if name != "__pinfold__"]
    print(names, type(module.__name__), module.__package__, shown(module.__file__), shown(module.__cached__))
    spec = module.__spec__
    print(shown(spec), shown(sorted(vars(spec).items(), key=lambda item: item[0])))
    print(spec.parent, spec.has_location, module.__loader__ is spec.loader, spec.cached == module.__cached__)
    print(shown(sorted(k for k in vars(spec.loader) if k != "_pinfold_unit")), spec.loader.is_package(module.__name__))
    print(shown(getattr(module, "__path__", None)), getattr(module, "__path__", 0) is spec.submodule_search_locations or True)
    print(type(module.__builtins__), module.__doc__)
print([name for name in sys.modules if name.startswith(("pkg", "single"))])
"""
    same(sides, code)


@pytest.mark.parametrize("flags", [(), ("-O",), ("-OO",), ("-B",), ("-I",), ("-X", "importtime")], ids=" ".join)
def test_flags(sides, flags):
    code = "import pkg; print(pkg.a.VALUE, pkg.__doc__, shown(pkg.__cached__), shown(pkg.a.FRAME), sys.flags.optimize)"
    done = same(sides, code, flags=flags)
    if "importtime" in flags:
        assert any(line.split("|")[-1].strip() == "pkg.sub.deep" for line in done.stderr.splitlines()), done


def test_verbose_tells_of_each_module(sides):
    for side in sides:
        done = side.run("import pkg", flags=("-v",))
        assert "import 'pkg.sub.deep' #" in done.stderr


def test_pycache_prefix(sides, tmp_path):
    code = "import pkg; print(shown(pkg.__cached__))"
    same(sides, code, env={"PYTHONPYCACHEPREFIX": tmp_path})


@pytest.mark.parametrize("name", ["broken", "missing", "syntax", "one", "gone", "a.b", "nowhere"])
def test_failing_imports(sides, name):
    code = f"""
import traceback
for turn in range(2):
    try:
        import pkg.{name}
    except BaseException as error:
        print(type(error), shown(error), getattr(error, "name", None))
        frames = traceback.extract_tb(error.__traceback__)
        print([(shown(f.filename), f.lineno, f.name) for f in frames if "importlib" not in f.filename])
        print(error.__cause__, shown(error.__context__))
    pkg = __import__("pkg")
    print("pkg.{name}" in sys.modules, hasattr(pkg, "{name}"), pkg.__spec__._uninitialized_submodules)
"""
    same(sides, code)


def test_what_a_module_leaves_in_its_place_counts(sides):
    same(sides, "import pkg.swap\nprint(pkg.swap.VALUE, sys.modules['pkg.swap'] is pkg.swap)")


def test_tracebacks_and_sources(sides):
    code = """
import inspect, pkg, traceback, warnings
try:
    pkg.a.f()
except ZeroDivisionError as error:
    print(shown("".join(traceback.format_exception(error))))
print(inspect.getsource(pkg.a.f), shown(inspect.getsourcefile(pkg.a)), inspect.getmodule(pkg.a.f).__name__)
"""
    same(sides, code)


def test_reload_and_lazy_loader(sides):
    code = """
import importlib, importlib.util, pkg
pkg.a.VALUE = 5
print(importlib.reload(pkg.a) is pkg.a, pkg.a.VALUE)
spec = importlib.util.find_spec("single")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules["single"] = module
spec.loader.exec_module(module)
import single
print(type(single).__name__, single.VALUE, type(single).__name__)
"""
    same(sides, code)


def test_finders_ahead_and_replaced_functions_are_asked(sides):
    code = """
import builtins, importlib.abc, importlib.machinery, types
class Ahead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        print("asked for", name)
        return importlib.machinery.ModuleSpec(name, self) if name == "single" else None
    def create_module(self, spec):
        return types.SimpleNamespace(VALUE="theirs", __spec__=spec)
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Ahead())
import single, pkg.sub
print(single.VALUE)
sys.meta_path.pop(0)
real = builtins.__import__
def replaced(name, *rest):
    # Stock importlib reads files in Python code that imports `_io`.
    name in ("_io", "pinfold") or print("importing", name)
    return real(name, *rest)
builtins.__import__ = replaced
del sys.modules["pkg.a"], sys.modules["pkg"]
import pkg.a
print(pkg.a.VALUE)
"""
    same(sides, code)


def test_local_files_come_first(sides, tmp_path):
    (tmp_path / "single.py").write_text("VALUE = 'local'\n")
    code = f"import pkg, single; print(single.VALUE, pkg.a.VALUE)"
    same(sides, code, env={"PYTHONPATH": tmp_path})
    late = f"""
import pkg
sys.path.insert(0, {str(tmp_path)!r})
import single
print(single.VALUE)
"""
    same(sides, late)


def test_audit_hooks_see_the_imports(sides):
    code = """
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)) if event in ("import", "exec", "marshal.loads") else None)
import pkg.sub.deep
print([args[0] for event, args in seen if event == "import"])
print([args[0].co_name for event, args in seen if event == "exec"])
print(sum(event == "marshal.loads" for event, _ in seen))
"""
    for side in sides:
        # So that there is bytecode.
        side.run("import pkg.sub.deep")
    same(sides, code)


def test_threads_wait_for_a_module_that_is_being_loaded(sides):
    code = """
import threading
got, errors = [], []
def work():
    try:
        import pkg.slow
        got.append(pkg.slow.VALUE)
    except BaseException as error:
        errors.append(error)
threads = [threading.Thread(target=work) for _ in range(32)]
[t.start() for t in threads]
[t.join(60) for t in threads]
print(got, errors, any(t.is_alive() for t in threads))
import importlib._bootstrap as bootstrap
print([name for name in bootstrap._module_locks if name.startswith("pkg")])
"""
    assert same(sides, code).stdout.splitlines()[0] == f"{[1] * 32} [] False"


def test_syntax_errors_end_at_the_import_where_importlib_loads(sides):
    code = """
import importlib.abc, sys, traceback
class Ahead(importlib.abc.MetaPathFinder):
    find_spec = classmethod(lambda cls, *question: None)
sys.meta_path.insert(0, Ahead)
import pkg
for name in ("syntax", "broken", "missing"):
    try:
        __import__("pkg." + name)
    except (SyntaxError, RuntimeError, ImportError) as error:
        print(name, [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename])
"""
    same(sides, code)


def test_collector_works_inside_an_import(project, wheels):
    body = """
import gc, weakref
class Node: pass
alive, most, kept = set(), 0, [[] for _ in range(1000)]
for n in range(60_000):
    node = Node()
    node.me = node
    alive.add(n)
    weakref.finalize(node, alive.discard, n).atexit = False
    most = max(most, len(alive))
"""
    wheel = wheels.pure("busy", "1.0", {"busy.py": body})
    code = """
import gc
frozen = gc.get_freeze_count()
import busy
print(busy.most < 50_000, gc.get_threshold()[0] < 5000, gc.get_freeze_count() in (0, frozen), gc.isenabled())
print(any(thing is busy.kept for thing in gc.get_objects()))
gc.freeze()
frozen = gc.get_freeze_count()
import json, email, http.client, xml.dom.minidom
print(frozen > 1000, gc.get_freeze_count() <= frozen and gc.get_freeze_count() > 1000)
"""
    done = project(f'requires = ["busy @ file://{wheel}"]').run(code)
    assert done.stdout == "True True True True\nTrue\nTrue True\n", done


def test_collector_is_as_it_was(sides):
    code = """
import gc
print(gc.get_threshold(), gc.isenabled())
import pkg
print(gc.get_threshold(), gc.isenabled())
try:
    import pkg.broken
except RuntimeError:
    print(gc.get_threshold())
gc.set_threshold(123, 4, 5)
import single
print(gc.get_threshold())
"""
    same(sides, code)


READ = "import json, pkg, single; print(json.dumps([pkg.sub.deep.VALUE, single.VALUE, pkg.a.FRAME == pkg.a.__file__]))"


@pytest.fixture
def packed(fresh_project, wheels, tmp_path, tools):
    """A project with a store of its own, after runs that left bytecode and a pack; and the pack."""
    wheel = wheels.pure("pkg", "1.0", FILES)
    project = fresh_project(f'requires = ["pkg @ file://{wheel}"]')
    project = type(project)(type(tools)(tools.pinfold, tools.uv, tmp_path / "store"), project.interpreter, project.folder)
    project.sync("--force")
    project.run(READ)
    [pack] = (tmp_path / "store" / "bytecode").glob("*/*/code.pack")
    return project, pack


def test_bytecode_is_packed_and_used(packed):
    project, pack = packed
    # The pack alone: the files beside it are not needed any more.
    for file in pack.parent.rglob("*.pyc"):
        file.unlink()
    before = pack.read_bytes()
    opened = "\nimport sys; sys.addaudithook(lambda e, a: print(a[0]) if e == 'open' and str(a[0]).endswith('.py') else 0)\n"
    done = project.run(opened + READ)
    assert json.loads(done.stdout) == [2, 3, True], done
    assert pack.read_bytes() == before


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "foreign", "another python", "folder"])
def test_damaged_packs_are_never_run(packed, damage):
    project, pack = packed
    good = pack.read_bytes()
    pack.chmod(0o644)
    if damage == "folder":
        pack.unlink()
        pack.mkdir()
    else:
        pack.write_bytes(
            {
                "truncated": good[: len(good) // 2],
                "empty": b"",
                "flipped": good[:-200] + bytes(byte ^ 0xFF for byte in good[-200:]),
                "foreign": b"not a pack" * 100,
                "another python": good[:12] + b"\0\0\r\n" + good[16:],
            }[damage]
        )
    assert project.run(READ).json == [2, 3, True]
    for file in pack.parent.rglob("*.pyc"):
        file.write_bytes(file.read_bytes()[:-7] + b"\xff" * 7)
    assert project.run(READ).json == [2, 3, True]
    if damage != "folder":
        assert pack.read_bytes() == good, "it was not made again"


def test_a_store_that_cannot_be_written_is_read(packed):
    project, pack = packed
    shutil.rmtree(pack.parents[2])
    # Not by its mode: root may write anywhere.
    pack.parents[2].write_text("no folder")
    for _ in range(2):
        assert project.run(READ).json == [2, 3, True]


def test_a_process_that_writes_no_bytecode_leaves_none(packed):
    project, pack = packed
    shutil.rmtree(pack.parents[2])
    project.run(READ, flags=("-B",))
    assert not list(pack.parents[3].glob("bytecode/**/*.p*"))


@pytest.mark.parametrize("module", ["other", "alone"])
def test_a_module_is_bound_to_the_package_that_is_there_when_it_has_run(sides, module):
    code = f"""
import pkg, sys
old = pkg
try:
    import pkg.{module}
except KeyError as error:
    print("KeyError", error)
print([hasattr(one, {module!r}) for one in (old, sys.modules.get("pkg"))], "pkg.{module}" in sys.modules)
"""
    same(sides, code)


DEEP = {f"deep/m{n}.py": f"import deep.m{n + 1}\n" for n in range(600)} | {"deep/__init__.py": "", "deep/m600.py": ""}


def test_a_chain_of_imports_ends_before_the_stack_does(project, wheels):
    """In a thread with a small stack: the interpreter's limit counts frames of Python, of which few are here."""
    env = project(f'requires = ["deep @ file://{wheels.pure("deep", "1", DEEP)}"]')
    code = """
        import threading
        threading.stack_size(1 << 20)
        def chain():
            try:
                import deep.m0
            except RecursionError as error:
                print(type(error).__name__)
            else:
                print("all")
        thread = threading.Thread(target=chain)
        thread.start(); thread.join()
    """
    assert env.run(code).stdout == "RecursionError\n"


COLLECTED = {
    "pkg/__init__.py": "from pkg import many\nimport gc\nclass Node: alive = 0\ndef die(self): Node.alive -= 1\nNode.__del__ = die\n"
    "peak = 0\nfor _ in range(60_000):\n    node = Node(); node.me = node; Node.alive += 1; peak = max(peak, Node.alive)\n"
    "inside = gc.get_threshold()\n",
    "pkg/many.py": "\n".join(f"import pkg.part{n}" for n in range(40)),
    **{f"pkg/part{n}.py": "rows = [[n] for n in range(500)]" for n in range(40)},
    "slow.py": "import pkg.many, time\nbegun = True\ntime.sleep(1)",
}


def test_a_program_that_runs_inside_an_import_is_collected(project, wheels):
    env = project(f'requires = ["pkg @ file://{wheels.pure("pkg", "1", COLLECTED)}"]')
    done = env.run(
        """
        import gc
        usual, callbacks = gc.get_threshold(), list(gc.callbacks)
        import pkg
        print(pkg.peak < 30_000, pkg.inside == usual == gc.get_threshold(), gc.callbacks == callbacks)
        """
    )
    assert done.stdout == "True True True\n", str(done)


def test_a_child_forked_in_the_middle_of_anothers_import_is_collected_as_ever(project, wheels):
    env = project(f'requires = ["pkg @ file://{wheels.pure("pkg", "1", COLLECTED)}"]')
    done = env.run(
        """
        import gc, os, sys, threading
        usual = gc.get_threshold()
        thread = threading.Thread(target=__import__, args=("slow",))
        thread.start()
        while not getattr(sys.modules.get("slow"), "begun", False):
            pass
        pid = os.fork()
        if not pid:
            import wave
            os._exit(0 if gc.get_threshold() == usual and not gc.callbacks else 3)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        thread.join()
        print(gc.get_threshold() == usual)
        """
    )
    assert done.stdout == "0\nTrue\n", str(done)
