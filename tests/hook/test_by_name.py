"""Libraries that Python code opens by a bare name, where `pinfold sync` gave one of two packages copies under new names."""

import json

import pytest
from test_rules import at, manifest

# Two libraries of one name, each with a function that only its own package looks for, and a count that starts elsewhere.
LIBRARY = """
    static int count = {number}00;
    int core_number(void) {{ return {number}; }}
    int core_count(void) {{ return ++count; }}
    int core_only_{number}(void) {{ return {number}; }}
"""
MODULE = """
    #include <Python.h>
    int core_only_{number}(void), core_count(void);
    static PyObject *count(PyObject *s, PyObject *n) {{ return PyLong_FromLong(core_count() + 0 * core_only_{number}()); }}
    static PyMethodDef methods[] = {{{{"count", count, METH_NOARGS, ""}}, {{NULL}}}};
    static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "_core", NULL, -1, methods}};
    PyMODINIT_FUNC PyInit__core(void) {{ return PyModule_Create(&module); }}
"""
CODE = """
    import ctypes
    import threading

    def early():
        return ctypes.CDLL("libcore.so")

    try:
        EARLY = early()
    except OSError as error:
        EARLY = str(error)
    from {name}._core import count

    NUMBER = ctypes.CDLL("libcore.so").core_number()

    def opened():
        library = ctypes.CDLL("libcore.so")
        return library.core_number(), library.core_count(), library._name

    def formatted():
        return ctypes.PyDLL("libcore.%s" % "so").core_number()

    def loaded():
        return ctypes.cdll.LoadLibrary("libcore.so").core_number(), ctypes.cdll["libcore.so"].core_number()

    def as_bytes():
        handle = ctypes._dlopen(b"libcore.so", ctypes.RTLD_LOCAL)
        return ctypes.CDLL("any", handle=handle).core_number(), handle > 0

    def in_thread():
        found = []
        thread = threading.Thread(target=lambda: found.append(opened()[0]))
        thread.start()
        thread.join()
        return found

    def everything():
        return [NUMBER, opened()[0], formatted(), *loaded(), *as_bytes(), *in_thread(), count() // 100]
"""
OWN = {number: [number, number, number, number, number, number, True, number, number] for number in (1, 2)}


@pytest.fixture(scope="module")
def package(wheels):
    """`package(name, number, version="1")`: a package with a library of the name that all have."""

    def make(name, number, version="1", requires=(), code=CODE):
        sources = {"libcore": LIBRARY.format(number=number), f"{name}._core": MODULE.format(number=number)}
        files = {f"{name}/__init__.py": code.format(name=name)}
        return wheels.extension(name, version, sources, files, requires=requires)

    return make


@pytest.fixture
def both(project, package):
    """Two packages of root."""
    return project(manifest([at("one", package("one", 1)), at("two", package("two", 2))]))


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_each_package_opens_its_own_library_by_name(both, order):
    isolated = [unit for unit in json.loads((both.venv / "closure.json").read_text())["units"] if "isolated" in unit]
    assert [unit["isolated"]["files"] for unit in isolated] == [{"libcore.so": "two.libs/libcore.so"}]
    done = both.run(
        """
        import importlib, json, sys
        first, then = map(importlib.import_module, sys.argv[1:])
        print(json.dumps({module.__name__: module.everything() for module in (first, then)}))
        """,
        *order,
    )
    assert done.json == {"one": OWN[1], "two": OWN[2]}


def test_each_version_opens_its_own_library_by_name(project, package, wheels):
    user = wheels.pure("user", "1", {"user/__init__.py": "import pack"}, requires=["pack"])
    new, old = package("pack", 2, version="2"), package("pack", 1)
    both = project(manifest([at("user", user), at("pack", new)], {"user": [at("pack", old)]}))
    for first in ("import user, pack", "import pack, user"):
        done = both.run(f"{first}; import json; print(json.dumps([pack.everything(), user.pack.everything()]))")
        assert done.json == [OWN[2], OWN[1]], first


@pytest.mark.parametrize("how", ["NUMBER = opened()", "def number(): return opened()"])
def test_versions_that_share_a_library_by_its_bare_name_alone_are_kept_apart(project, wheels, how):
    code = f"""
import ctypes, pathlib
ctypes.CDLL(str(pathlib.Path(__file__).parents[1] / "pack.libs" / "libcore.so"))
def opened(): return ctypes.CDLL("libcore.%s" % "so").core_number()
{how}
"""
    new, old = (
        wheels.extension("pack", f"{number}", {"libcore": LIBRARY.format(number=number)}, {"pack/__init__.py": code})
        for number in (2, 1)
    )
    user = wheels.pure("user", "1", {"user/__init__.py": "import pack"}, requires=["pack"])
    both = project(manifest([at("user", user), at("pack", new)], {"user": [at("pack", old)]}))
    for first in ("import user, pack", "import pack, user"):
        both.run(f"{first}; assert (pack.opened(), user.pack.opened()) == (2, 1)")


def test_the_library_is_the_one_that_is_loaded_by_its_other_names(both):
    both.run(
        """
        import two, one
        state = [two.count(), two.opened()[1], two.count()]
        assert state == [201, 202, 203], state
        assert two.opened()[2] == "libcore.so"
        assert one.opened()[1] == 101
        """
    )


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_what_is_not_loaded_yet_is_not_there(both, order):
    # The other package's is loaded: alone, the loader would have looked for the name and found nothing.
    alone = both.run("import ctypes\ntry: ctypes.CDLL('libcore.so')\nexcept OSError as error: print(error)").stdout
    assert "cannot open shared object file" in alone
    done = both.run("import sys; a, b = map(__import__, sys.argv[1:]); print(a.EARLY); print(b.EARLY)", *order)
    assert done.stdout == alone * 2 if order == ("two", "one") else done.stdout.startswith(alone)


def test_everything_else_is_as_ever(both):
    both.run(
        """
        import ctypes, os, pathlib, sys
        import one, two

        events = []
        sys.addaudithook(lambda event, arguments: event == "ctypes.dlopen" and events.append(arguments))
        two.opened()
        assert events == [("libcore.so",)], events
        assert ctypes.CDLL(None) and ctypes.CDLL("libc.so.6").abs(-3) == 3
        for wrong, error in [("libno.so", OSError), ("a\\0b", ValueError), (7, TypeError)]:
            try:
                ctypes.CDLL(wrong)
            except error:
                continue
            raise AssertionError(wrong)
        for arguments in [(), ("libcore.so", "now"), ("libcore.so", 1, 2)]:
            try:
                ctypes._dlopen(*arguments)
            except TypeError:
                continue
            raise AssertionError(arguments)
        import _ctypes
        assert ctypes._dlopen is _ctypes.dlopen and repr(ctypes._dlopen) == "<built-in function dlopen>"
        # The program has root's: the one that answers to the name.
        assert ctypes.CDLL("libcore.so").core_number() == 1
        # A path leads where it leads.
        path = pathlib.Path(two.__file__).parents[1] / "two.libs" / "libcore.so"
        assert ctypes.CDLL(os.fspath(path)).core_number() == 2
        """
    )


def test_the_program_gets_what_is_loaded(both):
    both.run("import two, ctypes; assert ctypes.CDLL('libcore.so').core_number() == 2")


def test_a_package_that_opens_libraries_for_others(project, package, wheels):
    opener = "import ctypes\ndef number(name): return ctypes.CDLL(name).core_number()"
    opener = wheels.pure("opener", "1", {"opener/__init__.py": opener})
    code = CODE + "\n    import opener\n    def handed_over(): return opener.number('libcore.so')\n"
    made = [package(name, number, requires=["opener"], code=code) for name, number in [("one", 1), ("two", 2)]]
    both = project(manifest([at("one", made[0]), at("two", made[1]), at("opener", opener)]))
    for first in ("import one, two", "import two, one"):
        both.run(f"{first}; assert (one.handed_over(), two.handed_over()) == (1, 2)")


def test_a_library_in_a_distribution_that_the_asker_depends_on(project, package, wheels):
    asks = "import ctypes\nimport {0}\ndef number(): return ctypes.CDLL('libcore.so').core_number()"
    asking = {
        name: wheels.pure(f"asks_{name}", "1", {f"asks_{name}/__init__.py": asks.format(name)}, requires=[name])
        for name in ("one", "two")
    }
    both = project(
        manifest(
            [at("one", package("one", 1)), at("two", package("two", 2))]
            + [at(f"asks_{name}", wheel) for name, wheel in asking.items()]
        )
    )
    for first in ("import asks_one, asks_two", "import asks_two, asks_one"):
        both.run(f"{first}; assert (asks_one.number(), asks_two.number()) == (1, 2)")


def test_nothing_is_taken_over_where_no_library_has_another_name(project, package):
    alone = project(manifest([at("two", package("two", 2))]))
    alone.run(
        """
        import ctypes, sys, two
        assert "pinfold._libraries" not in sys.modules and ctypes.LibraryLoader.__getattr__.__module__ == "ctypes"
        assert two.everything() == [2, 2, 2, 2, 2, 2, True, 2, 2]
        """
    )


def test_cffi_opens_by_name_what_ctypes_does(project, package):
    code = CODE + """
    import cffi
    def by_cffi():
        ffi = cffi.FFI()
        ffi.cdef("int core_number(void);")
        return ffi.dlopen("libcore.so").core_number()
    """
    made = [package(name, number, requires=["cffi"], code=code) for name, number in [("one", 1), ("two", 2)]]
    both = project(manifest([at("one", made[0]), at("two", made[1]), "cffi==1.17.1"]))
    for first in ("import one, two", "import two, one"):
        both.run(f"{first}; assert (one.by_cffi(), two.by_cffi()) == (1, 2)")
    both.run(
        """
        import cffi, two
        for wrong in ("libno.so", "/no/libcore.so"):
            try:
                cffi.FFI().dlopen(wrong)
            except OSError as error:
                assert str(error).startswith(f"cannot load library '{wrong}': {wrong}: cannot open shared object"), error
        """
    )
