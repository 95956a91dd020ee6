"""What C code imports, it imports as its own package, whoever called it; its registries are its world's."""

import textwrap

import pytest
from test_rules import at, manifest

# One function for each way into the import system. At -O2 `return PyImport_ImportModule(..)` is a jump, so
# no return address tells who called.
CORE = r"""
    #include <Python.h>
    #include <pthread.h>
    static PyObject *tail(PyObject *s, PyObject *n) { return PyImport_ImportModule("leaf"); }
    static PyObject *by_object(PyObject *s, PyObject *n) {
        PyObject *name = PyUnicode_FromString("leaf"), *m = PyImport_Import(name);
        Py_DECREF(name);
        return m;
    }
    static PyObject *by_level(PyObject *s, PyObject *n) {
        return PyImport_ImportModuleLevel("leaf", NULL, NULL, NULL, 0);
    }
    static PyObject *got(PyObject *s, PyObject *n) {
        PyObject *name = PyUnicode_FromString("leaf"), *m = PyImport_GetModule(name);
        Py_DECREF(name);
        if (!m) Py_RETURN_NONE;
        return m;
    }
    static PyObject *added(PyObject *s, PyObject *n) { return Py_XNewRef(PyImport_AddModule("leaf")); }
    static PyObject *by_mapping(PyObject *s, PyObject *n) {
        PyObject *name = PyUnicode_FromString("leaf"), *leaf = PyImport_Import(name), *found = NULL;
        PyObject *modules = PyImport_GetModuleDict();
        if (leaf && PyDict_GetItemString(modules, "sys") && !PyMapping_HasKeyString(modules, "no.such"))
            found = PyObject_GetItem(modules, name);
        Py_XDECREF(leaf);
        Py_DECREF(name);
        if (!found && !PyErr_Occurred()) PyErr_SetString(PyExc_AssertionError, "sys is not there");
        return found;
    }
    static PyObject *direct(PyObject *s, PyObject *n) {
        /* What Cython's module init does: it looks for, and puts, its own name. */
        return Py_XNewRef(PyDict_GetItemString(PyImport_GetModuleDict(), "native._core"));
    }
    static PyObject *(*const table[])(const char *) = {PyImport_ImportModule};
    static PyObject *by_pointer(PyObject *s, PyObject *n) { return table[0]("leaf"); }
    PyObject *helper_import(void);
    static PyObject *by_helper(PyObject *s, PyObject *n) { return helper_import(); }
    static PyObject *capsule(PyObject *s, PyObject *n) {
        const char *text = PyCapsule_Import("provider._core.api", 0);
        return text ? PyUnicode_FromString(text) : NULL;
    }
    static PyObject *result;
    static void *work(void *none) {
        PyGILState_STATE state = PyGILState_Ensure();
        result = PyImport_ImportModule("leaf");
        if (!result) PyErr_Clear();
        PyGILState_Release(state);
        return NULL;
    }
    static PyObject *by_thread(PyObject *s, PyObject *n) {
        pthread_t thread;
        result = NULL;
        Py_BEGIN_ALLOW_THREADS
        pthread_create(&thread, NULL, work, NULL);
        pthread_join(thread, NULL);
        Py_END_ALLOW_THREADS
        if (!result) Py_RETURN_NONE;
        return result;
    }
    static PyObject *by_code(PyObject *s, PyObject *n) {
        PyObject *scope = PyDict_New(), *done, *leaf;
        PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins());
        done = PyRun_String("import leaf", Py_file_input, scope, scope);
        leaf = done ? Py_XNewRef(PyDict_GetItemString(scope, "leaf")) : NULL;
        Py_XDECREF(done);
        Py_DECREF(scope);
        return leaf;
    }
    static PyObject *call(PyObject *s, PyObject *f) { return PyObject_CallNoArgs(f); }
    /* What pybind11 and lxml do: a process-wide registry under a plain name. */
    static PyObject *claim(PyObject *dict, PyObject *who) {
        PyObject *key = PyUnicode_FromString("__registry__"), *old;
        if (!dict) return NULL;
        old = PyDict_GetItemWithError(dict, key);
        if (!old) { PyDict_SetItem(dict, key, who); old = who; }
        Py_DECREF(key);
        return Py_NewRef(old);
    }
    static PyObject *thread_dict(PyObject *s, PyObject *who) { return claim(PyThreadState_GetDict(), who); }
    static PyObject *interp_dict(PyObject *s, PyObject *who) {
        return claim(PyInterpreterState_GetDict(PyInterpreterState_Get()), who);
    }
    static PyObject *builtins(PyObject *s, PyObject *who) { return claim(PyEval_GetBuiltins(), who); }
    static PyMethodDef methods[] = {
        {"tail", tail, METH_NOARGS, 0}, {"by_object", by_object, METH_NOARGS, 0},
        {"by_level", by_level, METH_NOARGS, 0}, {"got", got, METH_NOARGS, 0}, {"added", added, METH_NOARGS, 0}, {"by_mapping", by_mapping, METH_NOARGS, 0},
        {"direct", direct, METH_NOARGS, 0}, {"by_pointer", by_pointer, METH_NOARGS, 0},
        {"by_helper", by_helper, METH_NOARGS, 0}, {"capsule", capsule, METH_NOARGS, 0},
        {"by_thread", by_thread, METH_NOARGS, 0}, {"by_code", by_code, METH_NOARGS, 0}, {"call", call, METH_O, 0},
        {"thread_dict", thread_dict, METH_O, 0}, {"interp_dict", interp_dict, METH_O, 0},
        {"builtins", builtins, METH_O, 0}, {0}};
    static int exec(PyObject *m) {
        PyObject *leaf = PyImport_ImportModule("leaf");
        if (!leaf) return -1;
        return PyModule_Add_(m, "at_init", leaf);
    }
"""
CORE = CORE.replace("return PyModule_Add_(m", "return PyModule_AddObject(m")
MULTI = CORE + r"""
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", 0, 0, methods, slots};
    PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""
SINGLE = CORE + r"""
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", 0, -1, methods};
    PyMODINIT_FUNC PyInit__core(void) {
        PyObject *m = PyModule_Create(&def);
        if (m && exec(m) < 0) return NULL;
        return m;
    }
"""
HELPER = "#include <Python.h>\nPyObject *helper_import(void) { return PyImport_ImportModule(\"leaf\"); }"
INLINE_HELPER = HELPER.replace("#include <Python.h>", "")
PROVIDER = r"""
    #include <Python.h>
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", 0, -1};
    PyMODINIT_FUNC PyInit__core(void) {
        PyObject *m = PyModule_Create(&def);
        PyModule_AddObject(m, "api", PyCapsule_New(VERSION, "provider._core.api", NULL));
        return m;
    }
"""
FLAGS = {
    "lazy": ["-O2", "-Wl,-z,lazy"],
    "full-relro": ["-O2", "-Wl,-z,now", "-Wl,-z,relro"],
    "no-plt": ["-O2", "-fno-plt"],
    "unoptimised": ["-O0"],
}


@pytest.fixture(params=[(init, flags) for init in ("single", "multi") for flags in FLAGS], ids="-".join)
def env(request, project, wheels):
    """Root and package `old` with one and the same `native`, of two versions, over two versions of `leaf`."""
    init, flags = request.param
    source = {"single": SINGLE, "multi": MULTI}[init]
    made = {}
    for v in ("1.0", "2.0"):
        made[v] = [
            at("leaf", wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"})),
            at("provider", wheels.extension("provider", v, {"provider._core": PROVIDER}, {"provider/__init__.py": "from provider import _core"}, flags=[f'-DVERSION="{v}"'])),
            at("native", wheels.extension("native", v, {"native._core": source, f"libhelp{v[0]}": HELPER}, {"native/__init__.py": "from native._core import *\nfrom native import _core"}, requires=["leaf", "provider"], flags=[*FLAGS[flags], f"-DV{v[0]}"])),
        ]
    old = wheels.pure("old", "1", {"old.py": "import native, leaf"}, requires=["native", "leaf"])
    return project(manifest([at("old", old), *made["2.0"]], {"old": made["1.0"]}))


WAYS = ["tail", "by_object", "by_level", "got", "added", "by_mapping", "by_pointer", "by_helper", "by_thread", "by_code"]


def test_c_code_imports_as_its_package_from_roots_frame_and_from_its_own(env):
    code = f"""
        import native, old
        import leaf
        for way in {WAYS!r}:
            mine, theirs = getattr(native, way)(), getattr(old.native, way)()
            assert (mine, theirs) == (leaf, old.leaf), (way, mine.V, theirs)
        assert native.direct() is native._core and old.native.direct() is old.native._core
        assert native._core.at_init is leaf and old.native._core.at_init is old.leaf
        print(native.capsule(), old.native.capsule())
        def callback():
            import leaf
            return leaf.V
        print(native.call(callback), old.native.call(callback), native.call(old.native.tail).V)
    """
    assert env.run(code).stdout == "2.0 1.0\n2.0 2.0 1.0\n"


def test_registries_are_one_per_world(env):
    code = """
        import native, old, threading
        def claims():
            for kind in ("thread_dict", "interp_dict", "builtins"):
                yield getattr(native, kind)("mine"), getattr(old.native, kind)("theirs")
        print(*claims())
        here = []
        thread = threading.Thread(target=lambda: here.append(native.thread_dict("x") + old.native.thread_dict("y")))
        thread.start(); thread.join()
        print(here)
        try:
            __registry__
        except NameError:
            pass
    """
    assert env.run(code).stdout == "('mine', 'theirs') ('mine', 'theirs') ('mine', 'theirs')\n['xy']\n"


def test_an_extension_loaded_by_hand_is_its_units_all_the_same(env):
    done = env.run(
        """
        import importlib.util, old
        file = old.native._core.__file__
        spec = importlib.util.spec_from_file_location("_core", file)
        again = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(again)
        print(again.tail().V, again.by_code().V)
        """
    )
    assert done.stdout == "1.0 1.0\n"


def test_one_wheel_under_two_closures_is_loaded_twice(project, wheels):
    """The same native wheel over two versions of leaf: two units, two copies of its shared objects."""
    native = wheels.extension("native", "1", {"native._core": MULTI + INLINE_HELPER}, {"native/__init__.py": "from native._core import *\nfrom native import _core"}, requires=["leaf"], flags=["-O2"])
    leaf = {v: at("leaf", wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"})) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import native, leaf"}, requires=["native", "leaf"])
    env = project(manifest([at("old", old), at("native", native), leaf["2.0"]], {"old": [at("native", native), leaf["1.0"]]}))
    done = env.run(
        """
        import native, old, os
        print(native.tail().V, old.native.tail().V)
        same = os.path.samefile
        print(same(native._core.__file__, old.native._core.__file__), same(native.__file__, old.native.__file__))
        """
    )
    assert done.stdout == "2.0 1.0\nFalse True\n"


WRITES = r"""
    #include <Python.h>
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_raw", 0, -1};
    static int put(PyObject *d, const char *k, PyObject *v) { return PyDict_SetItemString(d, k, v); }
    PyMODINIT_FUNC PyInit__raw(void) {
        PyObject *modules = PySys_GetObject("modules"), *m = PyModule_Create(&def), *lib = PyModule_New("lib");
        if (!m || !lib || put(modules, "leaf._raw", m) < 0 || put(modules, "leaf._raw.lib", lib) < 0 || put(modules, "_raw.lib", lib) < 0) return NULL;
        PyModule_AddObject(lib, "V", Py_BuildValue("s", VERSION));
        PyModule_AddObject(m, "lib", lib);
        return m;
    }
"""


def test_modules_that_c_code_writes_into_the_dict_of_sys_modules_are_its_units(project, wheels):
    """cffi's module init does this, with the module and with its `lib`."""
    made = {
        v: wheels.extension("leaf", v, {"leaf._raw": f'#define VERSION "{v}"\n' + WRITES}, {"leaf/__init__.py": "def short():\n    import sys\n    return sys.modules['_raw.lib'].V"})
        for v in ("1.0", "2.0")
    }
    code = """
        def all():
            import leaf._raw, leaf._raw.lib
            from leaf._raw.lib import V
            import sys
            return [V, leaf._raw.lib.V, sys.modules["leaf._raw.lib"].V, sys.modules["leaf._raw"].lib.V, leaf.short()]
    """
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf"])
    env = project(manifest([at("old", old), at("leaf", made["2.0"])], {"old": [at("leaf", made["1.0"])]}))
    env.folder.joinpath("mine.py").write_text(textwrap.dedent(code))
    for order in ("mine, old", "old, mine"):
        done = env.run(f"import mine, old\nfor who in ({order}) * 2:\n    print(*who.all())", env={"PYTHONPATH": env.folder})
        lines = [f"{v} {v} {v} {v} {v}" for v in (("2.0", "1.0") if order == "mine, old" else ("1.0", "2.0"))]
        assert done.stdout.splitlines() == lines * 2

GETATTR = r"""
    #include <Python.h>
    static PyObject *get(PyObject *m, PyObject *name) {
        PyObject *globals = PyEval_GetGlobals();
        if (!globals || !PyDict_GetItemString(globals, "__builtins__")) {
            PyErr_SetString(PyExc_KeyError, "__builtins__");
            return NULL;
        }
        if (PyUnicode_CompareWithASCIIString(name, "leaf") == 0) return PyImport_ImportModule("leaf");
        PyErr_SetObject(PyExc_AttributeError, name);
        return NULL;
    }
    static PyMethodDef methods[] = {{"__getattr__", get, METH_O, 0}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "lazy_c", 0, -1, methods};
    PyMODINIT_FUNC PyInit_lazy_c(void) { return PyModule_Create(&def); }
"""


def test_a_module_getattr_in_c_runs_in_the_frame_of_whoever_asks(project, wheels):
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    lazy = {v: wheels.extension("lazy-c", v, {"lazy_c": GETATTR}, requires=["leaf"]) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import lazy_c"}, requires=["lazy-c"])
    env = project(
        manifest(
            [at("old", old), at("lazy-c", lazy["2.0"]), at("leaf", leaf["2.0"])],
            {"old": [at("lazy-c", lazy["1.0"]), at("leaf", leaf["1.0"])]},
        )
    )
    done = env.run("import lazy_c, old; print(lazy_c.leaf.V, old.lazy_c.leaf.V, hasattr(old.lazy_c, 'nothing'))")
    assert done.stdout == "2.0 1.0 False\n"


TYPED = r"""
    #include <Python.h>
    static PyObject *identity(PyObject *m, PyObject *one) { return Py_NewRef(one); }
    static PyMethodDef late[] = {{"late", identity, METH_O, 0}, {0}};
    static PyMethodDef early[] = {{"early", identity, METH_O, 0}, {0}};
    /* What Cython does for `def identity(one, module: str = __name__)`, when the module runs. */
    static int exec(PyObject *m) {
        PyObject *name = PyDict_GetItemString(PyModule_GetDict(m), "__name__");
        if (name && !PyUnicode_CheckExact(name)) {
            PyErr_Format(PyExc_TypeError, "Expected str, got %.200s", Py_TYPE(name)->tp_name);
            return -1;
        }
        return PyModule_AddFunctions(m, late);
    }
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0}};
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "typed", 0, 0, early, slots};
    PyMODINIT_FUNC PyInit_typed(void) { return PyModuleDef_Init(&def); }
"""


def test_an_extension_module_has_a_plain_name_while_it_runs_and_one_that_tells_its_unit_afterwards(project, wheels):
    typed = {v: at("typed", wheels.extension("typed", v, {"typed": TYPED})) for v in ("1.0", "2.0")}
    old = wheels.pure("old", "1", {"old.py": "import typed"}, requires=["typed"])
    env = project(manifest([at("old", old), typed["2.0"]], {"old": [typed["1.0"]]}))
    done = env.run(
        """
        import old, pickle, pinfold, sys, typed
        theirs = old.typed
        print(theirs is typed, typed.__name__, theirs.__name__, sys.modules[theirs.__name__] is theirs)
        for one in (theirs.early, theirs.late, typed.early, typed.late):
            print(pinfold.unit_of(one).version, [pickle.loads(pickle.dumps(one, p)) is one for p in range(6)])
        """
    )
    same = [f"{v} {[True] * 6}" for v in ("1.0", "1.0", "2.0", "2.0")]
    assert done.stdout.splitlines() == ["False typed typed True", *same]


NAMESAKE = r"""
    #include <Python.h>
    static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "colorsys", NULL, -1, NULL};
    PyMODINIT_FUNC PyInit_colorsys(void) {
        PyObject *module = PyModule_Create(&def), *theirs = PyImport_ImportModule("colorsys");
        if (module && theirs) PyModule_AddObjectRef(module, "theirs", theirs);
        Py_XDECREF(theirs);
        return theirs ? module : NULL;
    }
"""


def test_the_standard_librarys_module_of_an_extensions_own_name_stays_where_it_is(project, wheels):
    """What comes under an extension's name while it begins is its own doing, but for what the import system loads."""
    text = {"old/__init__.py": "from old import colorsys as mine\ndef late():\n    import colorsys\n    return colorsys"}
    old = wheels.extension("old", "1", {"old.colorsys": NAMESAKE}, text, requires=["leaf"])
    leaf = {v: wheels.pure("leaf", v, {"leaf.py": f"V = {v!r}"}) for v in ("1.0", "2.0")}
    hider = wheels.pure("hider", "1", {"hider.py": "import old"}, requires=["old"])
    env = project(manifest([at("hider", hider), at("leaf", leaf["2.0"])], {"hider": [at("old", old), at("leaf", leaf["1.0"])]}))
    code = """
        import hider, sys
        old = hider.old
        import colorsys
        assert colorsys is old.late() is old.mine.theirs is sys.modules["colorsys"], sys.modules["colorsys"]
        print(old.mine.__name__, colorsys.__name__, [name for name in sys.modules if name.endswith(":colorsys")])
    """
    assert env.run(code).stdout == "old.colorsys colorsys []\n"
