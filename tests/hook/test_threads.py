"""Threads: whoever imports at the same time as others, at once or late, gets its own version, and nobody waits for ever.

Every case runs under a watchdog: a deadlock ends the process with the stacks of all threads.
"""

import textwrap

import pytest
from test_rules import at, manifest

# Switching threads a thousand times as often as usual finds races that otherwise take days.
WATCHDOG = """
import faulthandler, sys, threading
faulthandler.dump_traceback_later(240, exit=True)
sys.setswitchinterval(1e-6)

def together(jobs):
    # Runs the jobs in threads of their own, all at the same moment; what one raises fails the case.
    barrier, errors = threading.Barrier(len(jobs)), []
    def run(job):
        try:
            barrier.wait()
            job()
        except BaseException:
            import traceback
            errors.append(traceback.format_exc())
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not errors, "\\n".join(errors[:3])
"""

PURE, NATIVE, SIDES = 24, 4, ("1.0", "2.0")
NAMES = [f"lib{i}" for i in range(PURE)] + [f"nat{i}" for i in range(NATIVE)]

# `draw` imports by the C API, from C code that whoever called it shares with nobody.
CORE = r"""
    #include <Python.h>
    static PyObject *draw(PyObject *self, PyObject *name) {
        PyObject *module = PyImport_ImportModule(PyUnicode_AsUTF8(name)), *value;
        if (!module) return NULL;
        value = PyObject_GetAttrString(module, "V");
        Py_DECREF(module);
        return value;
    }
    static PyMethodDef methods[] = {{"draw", draw, METH_O, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""


def body(name, version):
    """A module that imports its neighbour at once, its submodule at once, and others late."""
    at_once = NAMES[NAMES.index(name) + 1 :][:1]
    return "\n".join(
        [
            f"V = {version!r}",
            *(f"import {other}" for other in at_once),
            "from . import part",
            "def late(other):",
            "    import importlib",
            "    whole, sub = importlib.import_module(other), importlib.import_module(other + '.part')",
            "    assert sub is whole.part, (sub, whole.part)",
            "    return whole.V, sub.V",
        ]
    )


@pytest.fixture
def worlds(project, wheels):
    """Two versions of 24 pure and 4 compiled packages, one for root and one for `old`; all depend on all."""
    made = []
    for version in SIDES:
        for name in NAMES:
            files = {f"{name}/__init__.py": body(name, version), f"{name}/part.py": f"V = {version!r}"}
            requires = [other for other in NAMES if other != name]
            if name.startswith("nat"):
                # A file of its own for each, or the second would be the first to glibc.
                core = CORE + f"const char *pinfold_test_{name} = {version!r};".replace("'", '"')
                made.append(wheels.extension(name, version, {f"{name}._core": core}, files, requires))
            else:
                made.append(wheels.pure(name, version, files, requires))
    draws = """
        import importlib, sys
        def draw(name, way, other):
            if way == "late":
                return importlib.import_module(name).late(other)
            if way == "c":
                core = importlib.import_module(name + "._core")
                return core.draw(other), core.draw(other + ".part")
            whole = __import__(name, fromlist=["part"])
            return whole.V, whole.part.V
        def loaded():
            return {id(sys.modules[name]) for name in sys.modules if name.startswith(("lib", "nat")) and "@" not in name}
        def forget(names):
            for name in [name for name in sys.modules if name.split(".")[0] in names and "@" not in name]:
                del sys.modules[name]
    """
    draws = textwrap.dedent(draws)
    old = wheels.pure("old", "1", {"old.py": draws}, requires=NAMES)
    first, second = made[: len(NAMES)], made[len(NAMES) :]
    text = manifest(
        [at("old", old), *map(at, NAMES, second)],
        {"old": [*map(at, NAMES, first)]},
    )
    return project(text, {"new.py": draws})


def test_first_and_late_imports_of_32_threads_never_draw_the_wrong_version(worlds):
    """10,240 draws in 32 rounds; before each round both worlds forget what they have loaded."""
    done = worlds.run(
        WATCHDOG
        + textwrap.dedent(
            f"""
            import new, old, random
            names = {NAMES!r}
            native = [name for name in names if name.startswith("nat")]
            draws, wrong = [], []
            def work(seed):
                r = random.Random(seed)
                for _ in range(10):
                    way = r.choice(["late", "c", "from"])
                    side, version = r.choice([(new, "2.0"), (old, "1.0")])
                    name, other = r.choice(native if way == "c" else names), r.choice(names)
                    got = side.draw(name, way, other)
                    draws.append(1)
                    if got != (version, version):
                        wrong.append((way, name, other, version, got))
            for round in range(32):
                new.forget(names)
                old.forget(names)
                together([lambda seed=(round, i): work(str(seed)) for i in range(32)])
            print(len(draws), wrong, len(new.loaded() & old.loaded()))
            """
        )
    )
    assert done.stdout == "10240 [] 0\n", str(done)
