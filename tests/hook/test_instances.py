"""One wheel, two units: the same files under other dependencies. What `dlopen` loads is copied, the rest is shared."""

import os
import signal
import subprocess
import time

import pytest
from test_rules import at, manifest

CORE = r"""
    #include <Python.h>
    int helper_count(void);
    static int mine;
    static PyObject *count(PyObject *s, PyObject *n) { return PyLong_FromLong(++mine); }
    static PyObject *helped(PyObject *s, PyObject *n) { return PyLong_FromLong(helper_count()); }
    static PyObject *leaf(PyObject *s, PyObject *n) { return PyImport_ImportModule("leaf"); }
    static PyMethodDef methods[] = {
        {"count", count, METH_NOARGS, NULL}, {"helped", helped, METH_NOARGS, NULL}, {"leaf", leaf, METH_NOARGS, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
HELPER = "static int state; int helper_count(void) { return ++state; }"

PACKAGE = """
    import ctypes, os
    import leaf
    from native.deep import _core
    HERE = os.path.dirname(os.path.abspath(__file__))
    plugin = ctypes.CDLL(os.path.join(HERE, "plugins", "plain.so"))
    def data():
        import importlib.resources
        return importlib.resources.files(__name__).joinpath("data.txt").read_text()
    def fail():
        raise RuntimeError(leaf.V)
"""


@pytest.fixture
def worlds(project, wheels):
    """`native` (an extension in a subfolder, a helper library, a library for ctypes, data) and `plain`, over two leaves."""
    plugin = wheels.extension("plugin", "1", {"libplain": HELPER.replace("helper_count", "plain_count")})
    import zipfile

    library = zipfile.ZipFile(plugin).read("plugin.libs/libplain.so")
    files = {
        "native/__init__.py": PACKAGE,
        "native/deep/__init__.py": "",
        "native/plugins/plain.so": library,
        "native/data.txt": "data",
    }
    native = wheels.extension("native", "1", {"native.deep._core": CORE, "libhelper": HELPER}, files, requires=["leaf"])
    only = wheels.extension("only", "1", {"libonly": HELPER}, {"only.py": "import leaf"}, requires=["leaf"])
    pure = wheels.pure("pure", "1", {"pure/__init__.py": "import leaf\ndef fail():\n    raise RuntimeError(leaf.V)", "pure/data.txt": "d"}, requires=["leaf"])
    leaf = {v: at("leaf", wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"})) for v in ("1.0", "2.0")}
    three = [at("native", native), at("only", only), at("pure", pure)]
    use = "import native, only, pure, leaf"
    old = wheels.pure("old", "1", {"old.py": use}, requires=["native", "only", "pure", "leaf"])
    return manifest([at("old", old), *three, leaf["2.0"]], {"old": [*three, leaf["1.0"]]})


LOOK = """
    import os, sys, traceback
    import native, only, pure, old, pinfold
    same = os.path.samefile
    def file(module, name=""):
        return os.path.join(os.path.dirname(module.__file__), name) if name else module.__file__
    print(native.leaf.V, old.native.leaf.V, native._core.leaf().V, old.native._core.leaf().V, only.leaf.V, old.only.leaf.V)
    print(native._core.count(), native._core.count(), old.native._core.count())
    print(native.plugin.plain_count(), native.plugin.plain_count(), old.native.plugin.plain_count())
    print(native._core.helped() > 0, old.native._core.helped() > 0, native.data(), old.native.data())
    compiled = [(native._core, ""), (native, "plugins/plain.so"), (native, "../native.libs/libhelper.so"), (only, "../only.libs/libonly.so"), (only, "only.libs/libonly.so")]
    for module, name in compiled:
        if os.path.exists(file(module, name)):
            other = getattr(old, module.__name__.partition(".")[0])
            other = other._core if module is native._core else other
            assert not same(file(module, name), file(other, name)), name
    shared = [(native, ""), (native, "data.txt"), (pure, ""), (pure, "data.txt"), (only, "")]
    print(all(same(file(m, n), file(getattr(old, m.__name__), n)) for m, n in shared), all(file(m) != file(getattr(old, m.__name__)) for m, _ in shared))
    for package in (native, old.native, pure, old.pure):
        try:
            package.fail()
        except RuntimeError as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            assert frame.filename == package.__file__ and frame.line == "raise RuntimeError(leaf.V)", frame
            assert package.__spec__.origin == package.__file__ and package.fail.__code__.co_filename == package.__file__
            print(error, end=" ")
"""
SEEN = "2.0 1.0 2.0 1.0 2.0 1.0\n1 2 1\n1 2 1\nTrue True data data\nTrue True\n2.0 1.0 2.0 1.0 "


def test_compiled_files_are_each_units_own_and_the_rest_is_shared(project, worlds):
    assert project(worlds).run(LOOK).stdout == SEEN


def test_what_was_collected_is_made_again(fresh_project, worlds, tmp_path):
    """`pinfold gc` takes nothing that an environment uses; without the environment's instance, sync makes it."""
    own = {"PINFOLD_CACHE": tmp_path / "store"}
    env = fresh_project(worlds, sync=False)
    env.sync(env=own)
    instances = sorted(p.name for p in (tmp_path / "store" / "instances").iterdir())
    env.pinfold("gc", env=own)
    assert sorted(p.name for p in (tmp_path / "store" / "instances").iterdir()) == instances
    assert env.run(LOOK, env=own).stdout == SEEN
    subprocess.run(["rm", "-rf", env.venv, env.folder / ".pinfold"], check=True)
    env.pinfold("gc", env=own)
    assert not any((tmp_path / "store" / "instances").iterdir())
    env.sync(env=own)
    assert env.run(LOOK, env=own).stdout == SEEN


def test_a_sync_killed_at_any_moment_leaves_no_half_instance(fresh_project, worlds, tmp_path, tools):
    own = {"PINFOLD_CACHE": tmp_path / "store"}
    env = fresh_project(worlds, sync=False)
    command = [tools.pinfold, "sync", "--python", env.interpreter.executable]
    ended = []
    for delay in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6):
        run = subprocess.Popen(list(map(str, command)), cwd=env.folder, env=tools.environment(own), stderr=subprocess.DEVNULL)
        time.sleep(delay)
        run.send_signal(signal.SIGKILL)
        ended.append(run.wait())
    assert -signal.SIGKILL in ended
    env.sync(env=own)
    assert env.run(LOOK, env=own).stdout == SEEN
    whole = [sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) for folder in (tmp_path / "store" / "instances").iterdir()]
    assert all("modules.idx" in files and any(f.endswith("RECORD") for f in files) for files in whole) and len(whole) == 3
    assert os.access(env.python, os.X_OK)
