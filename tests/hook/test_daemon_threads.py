"""The end of a program whose daemon threads are still at work below the hook: silent and with exit code 0, as ever.

CPython 3.11 to 3.13 ends such a thread by `pthread_exit`, when it next asks for the GIL. Every case makes sure that
it does ask, between the beginning of finalization and the end of the process. A mistake shows as SIGABRT.
"""

import textwrap

import pytest
from test_rules import at, manifest

# The last thing to go is an object that lets the others run for a while.
MAIN = """
import os, sys, threading, time
threading.inside = threading.Semaphore(0)
class Last:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)
last = Last()
def start(*targets):
    for target in targets:
        threading.Thread(target=target, daemon=True).start()
    for target in targets:
        assert threading.inside.acquire(timeout=60)
"""

LOOP = """
import threading, time
def serve():
    threading.inside.release()
    while True:
        time.sleep(0.001)
"""
SERVER = LOOP + "serve()\n"

OLD = """
import importlib, sys
from native import _core
def imports():
    import server
def imports_by_name():
    importlib.import_module("server")
def imports_by_c_code():
    _core.load("server")
def imports_an_extension():
    import busy._core
def opens_an_extension_by_hand():
    from importlib.machinery import ExtensionFileLoader, ModuleSpec
    from importlib.util import find_spec, module_from_spec
    file = find_spec("busy._core").origin
    loader = ExtensionFileLoader("busy._core", file)
    loader.exec_module(module_from_spec(ModuleSpec("busy._core", loader, origin=file)))
def is_asked_as_a_finder():
    from loop import serve
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "nowhere":
                serve()
    sys.meta_path.insert(0, Finder())
    import nowhere
def loads_in_a_module_getattr():
    from lazy import attribute
def imports_into_a_class():
    class Holder:
        from server import name
"""

LOAD = r"""
    #include <Python.h>
    static PyObject *load(PyObject *self, PyObject *name) { return PyImport_ImportModule(PyUnicode_AsUTF8(name)); }
    static PyMethodDef methods[] = {{"load", load, METH_O, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
BUSY = r"""
    #include <Python.h>
    static int run(PyObject *m) { return PyImport_ImportModule("server") ? 0 : -1; }
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, NULL, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
# A thread of its own, which asks for the GIL again and again, and which its owner joins when the process ends.
JOINS = r"""
    #include <Python.h>
    #include <pthread.h>
    #include <unistd.h>
    static pthread_t thread;
    static void *work(void *none) {
        for (;;) {
            PyGILState_STATE state = PyGILState_Ensure();
            PyGILState_Release(state);
            usleep(1000);
        }
    }
    static void join(void) { pthread_join(thread, NULL); write(1, "joined\n", 7); }
    static int run(PyObject *m) { return pthread_create(&thread, NULL, work, NULL) || atexit(join) ? -1 : 0; }
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, NULL, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""


@pytest.fixture
def made(wheels):
    """The packages of a version."""

    def made(version):
        lazy = "def __getattr__(name):\n    if name == 'attribute':\n        import server\n    raise AttributeError(name)\n"
        needs = ["server", "loop", "native", "busy", "lazy"]
        return {
            "server": wheels.pure("server", version, {"server.py": SERVER}),
            "loop": wheels.pure("loop", version, {"loop.py": LOOP}),
            "lazy": wheels.pure("lazy", version, {"lazy.py": lazy}, requires=["server"]),
            "native": wheels.extension("native", version, {"native._core": LOAD}, {"native/__init__.py": ""}, requires=["server"]),
            "busy": wheels.extension("busy", version, {"busy._core": BUSY}, {"busy/__init__.py": ""}, requires=["server"]),
            "joins": wheels.extension("joins", version, {"joins._core": JOINS}, {"joins/__init__.py": ""}),
            "old": wheels.pure("old", version, {"old.py": OLD}, requires=needs),
            "new": wheels.pure("new", version, {"new.py": OLD}, requires=needs),
        }

    return made


@pytest.fixture
def env(project, made):
    """`old` with version 1 of everything and `new` with version 2."""
    first, second = made("1.0"), made("2.0")
    shared = {name: wheel for name, wheel in second.items() if name != "old"}
    pins = [at(name, wheel) for name, wheel in first.items() if name not in ("old", "new", "joins")]
    return project(manifest([at("old", first["old"]), *(at(name, wheel) for name, wheel in shared.items())], {"old": pins}))


def ends(env, code, printed="", **options):
    done = env.run(MAIN + textwrap.dedent(code), **options)
    assert (done.stdout, done.stderr) == (printed, ""), str(done)


WAYS = [line[4:-3] for line in OLD.splitlines() if line.startswith("def ")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("package", ["old", "new"])
def test_a_daemon_thread_below_the_hook_ends_with_the_program(env, package, way):
    ends(env, f"import {package}; start({package}.{way})")


def test_threads_of_both_versions_end_with_the_program(env):
    ends(
        env,
        """
        import new, old
        start(old.imports_by_c_code, new.imports_by_c_code, old.is_asked_as_a_finder, *[__import__("loop").serve] * 8)
        print("ended")
        """,
        "ended\n",
    )


def test_an_exit_code_is_kept(env):
    done = env.run(MAIN + "import old; start(old.imports_by_c_code); sys.exit(7)", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "", ""), str(done)


def test_forked_children_end_too(env):
    ends(
        env,
        """
        import new, old
        start(old.imports_by_c_code)
        child = os.fork()
        if child:
            print(os.waitpid(child, 0)[1])
        else:
            start(new.imports_by_c_code)
        """,
        "0\n",
        # From 3.12 on, Python warns of a fork beside threads.
        flags=("-W", "ignore"),
    )


def test_pools_and_other_processes_end_as_ever(env):
    ends(
        env,
        """
        import concurrent.futures, subprocess
        import new, old
        if not sys.argv[1:]:
            start(old.imports_by_c_code)
            with open("again.py", "w") as file:
                file.write(sys.orig_argv[2])
            done = subprocess.run([sys.executable, "again.py", "child"], capture_output=True, text=True)
            print(done.returncode, done.stdout, done.stderr, sep="", end="")
            pool = concurrent.futures.ThreadPoolExecutor(4)
            # Not shut down: the interpreter waits for what is submitted, and only then ends the daemons.
            pool.submit(lambda: (time.sleep(0.2), print("last", flush=True)))
        else:
            start(new.imports_by_c_code)
        """,
        "0last\n",
    )


def test_a_thread_without_the_hook_on_its_stack_really_ends(env):
    """Its owner joins it when the process ends: did it wait, like the others, the process would never end."""
    ends(env, "import old, joins._core; start(old.imports_by_c_code)", "joined\n")


@pytest.mark.parametrize("way", WAYS)
def test_stock_python_ends_them_silently(merged, made, way):
    stock = merged(*(at(name, wheel) for name, wheel in made("2.0").items()))
    ends(stock, f"import new, joins._core; start(new.{way})", "joined\n")
