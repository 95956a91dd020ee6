"""The standard library's sources are loaded without importlib: nothing else may differ.

Each case runs in an environment made by pinfold and in a venv made by uv with the same wheel, and must print the
same.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from frame.project import synced


@pytest.fixture
def sides(project, merged, wheels):
    wheel = wheels.pure("pkg", "1.0", {"pkg/__init__.py": "import colorsys\nfrom json import decoder\n"})
    return project(f'requires = ["pkg @ file://{wheel}"]'), merged(str(wheel))


def same(sides, code, *, flags=(), env=None):
    ours, theirs = (side.run(code, flags=flags, env=env, check=False) for side in sides)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), f"{ours}\n{theirs}"
    assert ours.stdout.strip(), ours
    return ours


# Packages, modules and extension modules, the latter of both kinds (PEP 489 and before).
NAMES = "json json.decoder json.scanner colorsys wave xml.dom.minidom email.mime.text _json _ctypes math array _datetime"

SHOW = f"""
import importlib, re, sys
def shown(value):
    return re.sub("0x[0-9a-f]+", "0x", str(value))
for name in {NAMES!r}.split():
    module = importlib.import_module(name)
    print(name, [key for key in vars(module) if key != "__pinfold__"][:12], module.__package__, module.__name__)
    print(getattr(module, "__file__", 0), getattr(module, "__cached__", 0), getattr(module, "__path__", 0))
    spec, loader = module.__spec__, module.__loader__
    print(shown(spec), shown(sorted(vars(spec).items())), loader is spec.loader, type(loader), shown(vars(loader)))
    print(spec.parent, spec.has_location, spec.cached, type(module.__name__), type(vars(module).get("__builtins__")))
print([name for name in sys.modules if name in {NAMES!r}.split()])
"""


@pytest.mark.parametrize("flags", [(), ("-O",), ("-B",), ("-I",), ("-X", "frozen_modules=off")], ids=" ".join)
def test_modules_and_specs_are_what_importlib_makes(sides, flags):
    same(sides, SHOW, flags=flags)


def test_it_is_without_importlib(sides):
    code = """
import sys
calls = []
sys.setprofile(lambda frame, event, arg: calls.append(frame.f_code.co_name) if "_bootstrap_external" in frame.f_code.co_filename else 0)
import colorsys, html.entities
sys.setprofile(None)
print(sorted(set(calls) & {"find_spec", "get_code", "exec_module", "create_module"}))
"""
    ours, theirs = (side.run("import os\nimport bisect\n" + code).stdout for side in sides)
    assert ours == "[]\n"
    assert "exec_module" in theirs


def test_finders_hooks_and_replaced_methods_are_asked(sides):
    code = """
import importlib.abc, importlib.machinery, sys
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        print("asked for", name)
watch = Watch()
sys.meta_path.insert(sys.meta_path.index(importlib.machinery.PathFinder), watch)
import colorsys
sys.meta_path.remove(watch)

class Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        print("loading", self.name)
        super().exec_module(module)
hook = importlib.machinery.FileFinder.path_hook((Loader, [".py"]))
sys.path_hooks.insert(0, hook)
sys.path_importer_cache.clear()
import wave
sys.path_hooks.remove(hook)
# The finders that it made stay until somebody forgets them.
import chunk_that_is_not_there if False else sched
sys.path_importer_cache.clear()
import this_is_nowhere if False else bdb

stock = importlib.machinery.SourceFileLoader.get_code
def get_code(self, name):
    print("code of", name)
    return stock(self, name)
importlib.machinery.SourceFileLoader.get_code = get_code
import cmd
del importlib.machinery.SourceFileLoader.get_code
find_spec = importlib.machinery.PathFinder.find_spec
importlib.machinery.PathFinder.find_spec = classmethod(lambda cls, name, *rest: print("finding", name) or find_spec(name, *rest))
import code
"""
    code = code.replace("chunk_that_is_not_there if False else sched", "sched").replace("this_is_nowhere if False else bdb", "bdb")
    same(sides, code)


def test_local_files_come_first(sides, tmp_path):
    (tmp_path / "colorsys.py").write_text("HERE = 'local'\n")
    code = "import colorsys, wave; print(colorsys.HERE, hasattr(wave, 'HERE'), colorsys.__spec__.origin)"
    same(sides, code, env={"PYTHONPATH": tmp_path})
    late = f"import wave, sys; sys.path.insert(0, {str(tmp_path)!r})\nimport colorsys; print(colorsys.HERE)"
    same(sides, late)
    # Nor does what comes after the standard library.
    same(sides, f"import sys; sys.path.append({str(tmp_path)!r})\nimport colorsys; print(hasattr(colorsys, 'HERE'))")


@pytest.fixture
def own_interpreter(python, tmp_path):
    """An interpreter whose standard library may be changed: its one real file is `colorsys.py`; and that file."""
    executable = Path(python.executable).resolve()
    stdlib = executable.parents[1] / "lib" / f"python{python.minor}"
    home = tmp_path / "interpreter"
    copy = home / "lib" / stdlib.name
    copy.mkdir(parents=True)
    (home / "bin").mkdir()
    shutil.copy2(executable, home / "bin" / executable.name)
    for entry in stdlib.iterdir():
        if entry.name not in ("__pycache__", "site-packages", "colorsys.py"):
            (copy / entry.name).symlink_to(entry)
    shutil.copy2(stdlib / "colorsys.py", copy)
    return replace(python, executable=str(home / "bin" / executable.name)), copy / "colorsys.py"


def test_edited_sources_and_bad_bytecode(tools, own_interpreter, tmp_path):
    interpreter, source = own_interpreter
    project = synced(tools, interpreter, tmp_path / "projects", "requires = []\n", {})
    code = "import bisect, colorsys; print(colorsys.__file__, getattr(colorsys, 'VALUE', 0))"

    def seen():
        return project.run(code).stdout.strip()

    assert [seen(), seen()] == [f"{source} 0"] * 2
    [bytecode] = (source.parent / "__pycache__").glob("colorsys.*.pyc")
    source.write_text(source.read_text() + "VALUE = 1\n")
    assert [seen(), seen()] == [f"{source} 1"] * 2
    # As long as before, at another time.
    before = source.stat()
    source.write_text(source.read_text().replace("VALUE = 1", "VALUE = 2"))
    os.utime(source, (before.st_atime, before.st_mtime + 10))
    assert [seen(), seen()] == [f"{source} 2"] * 2
    good = bytecode.read_bytes()
    for bad in (b"", good[:10], b"\0\0\r\n" + good[4:], good[:4] + b"\x08\0\0\0" + good[8:]):
        bytecode.write_bytes(bad)
        assert seen() == f"{source} 2", bad
        bytecode.write_bytes(good)


def test_failing_and_halted_imports(sides):
    code = """
import sys, traceback
sys.modules["colorsys"] = None
for name in ("colorsys", "json.nowhere", "colorsys.nowhere", "xml.dom.nowhere", "nowhere"):
    try:
        __import__(name)
    except ImportError as error:
        print(type(error), error, error.name, [frame.name for frame in traceback.extract_tb(error.__traceback__)])
"""
    for side in sides:
        done = side.run(code)
        lines = [line.partition(" for importer ")[0] for line in done.stdout.splitlines()]
        assert len(lines) == 5 and all("Error" in line for line in lines), done
    same(sides, "import sys\nsys.modules['wave'] = None\ntry:\n    import wave\nexcept ImportError as e: print(e, e.name)")


def test_audit_hooks_see_what_is_opened_and_run(sides):
    code = """
import bisect, os, sys, types
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)) if event in ("import", "exec", "open") else None)
import colorsys, json.decoder, array
print([args[0] for event, args in seen if event == "import"])
print([args[0].co_filename for event, args in seen if event == "exec"])
print([(args[0], args[1]) for event, args in seen if event == "open"])
"""
    same(sides, code)


def test_threads_wait_for_each_other(sides):
    code = """
import sys, threading
got, errors = [], []
def work(n):
    try:
        import xml.dom.minidom, wave, email.mime.text, http.client, logging.handlers
        got.append(xml.dom.minidom.parseString("<a/>").documentElement.tagName)
    except BaseException as error:
        errors.append(error)
sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
[t.start() for t in threads]
[t.join(60) for t in threads]
print(len(got), set(got), errors, any(t.is_alive() for t in threads))
"""
    assert same(sides, code).stdout == "32 {'a'} [] False\n"


def test_patches_made_before_attaching_stay(sides, tools, python, wheels, tmp_path):
    wheel = wheels.pure("plugin", "1.0", {"plugin/__init__.py": ""})
    world = synced(tools, python, tmp_path / "world", f'requires = ["plugin @ file://{wheel}"]', {})
    code = """
import sched, sys
from importlib.machinery import SourceFileLoader
stock = SourceFileLoader.exec_module
def exec_module(self, module):
    print("loading", module.__name__)
    stock(self, module)
SourceFileLoader.exec_module = exec_module
ATTACH
import wave
"""
    ours, theirs = sides
    attach = f"import pinfold; pinfold.attach({str(world.venv)!r}); print('attached')"
    seen = ours.run(code.replace("ATTACH", attach)).stdout.splitlines()
    stock = theirs.run(code.replace("ATTACH", "")).stdout.splitlines()
    assert "loading wave" in stock
    assert seen[seen.index("attached") + 1 :] == stock


def test_attaching_leaves_the_fast_path_on(sides, tools, python, wheels, tmp_path):
    wheel = wheels.pure("plugin", "1.0", {"plugin/__init__.py": ""})
    world = synced(tools, python, tmp_path / "world", f'requires = ["plugin @ file://{wheel}"]', {})
    code = f"""
import sched, sys, pinfold
pinfold.attach({str(world.venv)!r})
calls = []
sys.setprofile(lambda frame, event, arg: calls.append(frame.f_code.co_name))
import colorsys
sys.setprofile(None)
print("<module>" in calls, "exec_module" in calls)
"""
    assert sides[0].run(code).stdout == "True False\n"


def test_names_with_empty_parts(sides):
    code = """
import sched, importlib
for name in ("json.", "json..decoder", "xml.dom.", "xml.dom..minidom", "colorsys."):
    try:
        print(name, importlib.import_module(name).__name__)
    except ImportError as error:
        print(name, type(error), error.name)
"""
    assert "ModuleNotFoundError" in same(sides, code).stdout


def test_extension_modules_warn_where_they_are_imported(sides, python):
    code = """
import sched, sys, warnings
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as seen:
    for name in ("audioop", "_crypt", "spwd", "nis", "ossaudiodev"):
        try:
            exec(f"import {name}", {"__name__": "asking"})
        except ImportError:
            pass
print([(str(warning.message), warning.category, warning.filename, warning.lineno) for warning in seen])
"""
    shown = same(sides, code).stdout
    # Python 3.13 has none of them any more.
    assert ("audioop" in shown) == (python.minor != "3.13")


def test_audit_hooks_that_refuse_bytecode(sides):
    code = """
import sched, sys
def hook(event, args):
    if event == "open" and "colorsys" in str(args[0]) and str(args[0]).endswith(".pyc"):
        raise PermissionError(13, "not this one")
    if event == "open" and "wave" in str(args[0]) and str(args[0]).endswith(".pyc"):
        raise RuntimeError("nor this one")
sys.addaudithook(hook)
import colorsys
print(colorsys.rgb_to_hls(1, 0, 0))
try:
    import wave
except RuntimeError as error:
    print(error, "wave" in sys.modules)
"""
    assert same(sides, code).stdout.endswith("nor this one False\n")


def test_finders_that_are_changed_in_place(sides):
    code = """
import sched, sys
from importlib.machinery import SourceFileLoader
import wave
class Loader(SourceFileLoader):
    def exec_module(self, module):
        print("loading", self.name)
        super().exec_module(module)
folder = wave.__file__.rpartition("/")[0]
sys.path_importer_cache.setdefault(folder, sys.path_hooks[-1](folder))
finder = sys.path_importer_cache[folder]
import bdb
kept = finder._loaders
finder._loaders = [(".py", Loader)]
import colorsys
finder._loaders = kept
import cmd
kept.insert(0, (".py", Loader))
import chunk_or_code
del kept[0]
find_spec = finder.find_spec
finder.find_spec = lambda name, target=None: print("finding", name) or find_spec(name, target)
import csv
"""
    assert "finding csv" in same(sides, code.replace("chunk_or_code", "code")).stdout


def test_relative_folders_are_importlibs_to_search(sides, tmp_path):
    for folder in ("a/lib", "b/lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a/lib/first.py").write_text("")
    (tmp_path / "a/lib/colorsys.py").write_text("HERE = 'a'\n")
    (tmp_path / "b/lib/wave.py").write_text("HERE = 'b'\n")
    code = f"""
import sched, os, sys
os.chdir({str(tmp_path / "a")!r})
sys.path[0] = "lib"
import first
os.chdir({str(tmp_path / "b")!r})
import colorsys, wave
print(getattr(colorsys, "HERE", None), getattr(wave, "HERE", None))
"""
    assert same(sides, code).stdout == "a None\n"
