"""The module ``builtins`` and the dictionary that C code has of the builtins say the same, for each closure."""

import pytest
from test_rules import at, manifest

# An import function in C that calls the one before it, which it looks for in the builtins, as shiboken's does.
CORE = r"""
    #include <Python.h>
    static PyObject *builtins;
    static int calls;
    static PyObject *imports(PyObject *s, PyObject *args, PyObject *kwargs) {
        if (!builtins) builtins = PyEval_GetBuiltins();
        PyObject *before = PyDict_GetItemString(builtins, "__swap_before__");
        if (!before) Py_FatalError("builtins has no \"__swap_before__\"");
        calls++;
        return PyObject_Call(before, args, kwargs);
    }
    static PyObject *count(PyObject *s, PyObject *n) { return PyLong_FromLong(calls); }
    static PyObject *look(PyObject *s, PyObject *name) {
        PyObject *value = PyDict_GetItem(PyEval_GetBuiltins(), name);
        return Py_NewRef(value ? value : Py_None);
    }
    static PyObject *note(PyObject *s, PyObject *args) {
        PyObject *name, *value;
        if (!PyArg_ParseTuple(args, "OO", &name, &value) || PyDict_SetItem(PyEval_GetBuiltins(), name, value)) return NULL;
        Py_RETURN_NONE;
    }
    static PyMethodDef methods[] = {
        {"imports", (PyCFunction)(void *)imports, METH_VARARGS | METH_KEYWORDS, NULL},
        {"count", count, METH_NOARGS, NULL}, {"read", look, METH_O, NULL}, {"write", note, METH_VARARGS, NULL}, {0}};
    static PyModuleDef_Slot slots[] = {{0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
SWAP = """
    import builtins
    from swap import _core
    V = {!r}
    builtins.__swap_import__ = _core.imports
    builtins.__swap_before__ = builtins.__import__
    builtins.__import__ = builtins.__swap_import__
    def own():
        return builtins.__swap_import__ is _core.imports
    def put(name, value):
        setattr(builtins, name, value)
    def take(name):
        delattr(builtins, name)
    def has(name):
        return getattr(builtins, name, None)
"""


@pytest.fixture
def worlds(project, wheels):
    """`swap`, which replaces `__import__`, in two versions: root's, and that of `old`."""
    swap = {v: at("swap", wheels.extension("swap", v, {"swap._core": CORE}, {"swap/__init__.py": SWAP.format(v)})) for v in "12"}
    leaf = {v: at("leaf", wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"})) for v in "12"}
    late = "import swap\ndef late():\n    import leaf\n    return leaf.V"
    old = at("old", wheels.pure("old", "1", {"old.py": late}, requires=["swap", "leaf"]))
    return project(manifest([old, swap["2"], leaf["2"]], {"old": [swap["1"], leaf["1"]]}))


@pytest.mark.parametrize("first", ["swap, old", "old, swap", "old"])
def test_an_import_function_in_c_finds_the_one_before_it(worlds, first):
    code = f"""
        import {first}
        before = old.swap._core.count()
        import leaf
        print(leaf.V, old.late(), old.swap.own(), old.swap._core.count() > before)
    """
    assert worlds.run(code).stdout == "2 1 True True\n"
    both = f"import {first}\nimport swap, leaf\nprint(swap.V, old.swap.V, swap.own(), old.swap.own(), swap._core.count() > 0)"
    assert worlds.run(both).stdout == "2 1 True True True\n"


def test_what_one_side_writes_the_other_reads(worlds):
    code = """
        import builtins, old, swap
        old.swap.put("from_pin", 1)
        print(old.swap._core.read("from_pin"), builtins.from_pin, swap._core.read("from_pin"))
        old.swap._core.write("by_c", 2)
        print(old.swap.has("by_c"), hasattr(builtins, "by_c"), swap._core.read("by_c"))
        builtins.from_root = 3
        print(old.swap._core.read("from_root"), old.swap.has("from_root"))
        swap.put("both", "root's"); old.swap.put("both", "pin's")
        print(swap.has("both"), swap._core.read("both"), old.swap.has("both"), old.swap._core.read("both"))
        old.swap.take("both"); print(swap.has("both"), old.swap.has("both"))
        try:
            builtins.nothing
        except AttributeError as error:
            print(error)
    """
    lines = ["1 1 1", "2 False None", "3 3", "root's root's pin's pin's", "root's root's", "module 'builtins' has no attribute 'nothing'"]
    assert worlds.run(code).stdout.splitlines() == lines


def test_what_python_has_is_replaced_for_everybody_and_comes_back(worlds):
    code = """
        import builtins, old, swap
        from unittest import mock
        stock = builtins.len
        with mock.patch("builtins.len", lambda it: 42):
            print(len([]), old.swap.has("len")([]), old.swap._core.read("len")([]), swap._core.read("len")([]))
        print(len([]), old.swap.has("len") is old.swap._core.read("len") is stock, type(builtins).__name__)
    """
    assert worlds.run(code).stdout == "42 42 42 42\n0 True module\n"
