"""The test suites of `cargo xtask conformance`: CPython's own, and those that packages ship.

Deliberately not here: running and comparing them, and which differences are accepted (`differences.txt`).
"""

from dataclasses import dataclass

# What runs the packages' tests.
PYTEST = ("pytest==8.4.2", "hypothesis==6.140.2")
EVERY = ("3.11", "3.12", "3.13")


@dataclass(frozen=True)
class Stdlib:
    """A part of CPython's own suite, under an active hook without pins.

    `source` makes the test module, where CPython does not install one; `match` are the names of tests, all without,
    and `ignore` of those that are not run.
    """

    name: str
    source: str = ""
    match: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    pythons: tuple[str, ...] = EVERY

    @property
    def about(self):
        return "CPython's own, no pins"


@dataclass(frozen=True)
class Shipped:
    """Tests of one version of a package, which a pin has, with another version loaded by root; or the other way round.

    `tests` are paths below the folder of the package's wheel, or of its source distribution if `sdist` says so;
    `beside` are other paths that these read. `local` tests are root's own code, in the current folder. `flags` are
    the interpreter's.
    """

    name: str
    module: str
    requires: tuple[str, ...]
    other: tuple[str, ...]
    tests: tuple[str, ...]
    sdist: bool = False
    beside: tuple[str, ...] = ()
    by_root: bool = False
    local: bool = False
    flags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ("3.11",)

    @property
    def about(self):
        tested, other = (requires[0].replace("==", " ") for requires in (self.requires, self.other))
        return f"root's {tested}, {other} in a pin" if self.by_root else f"{tested} in a pin, root on {other}"


def processes(method):
    """The tests of processes by one start method.

    CPython 3.11 and 3.12 do not install the modules that have them, and its runner looks for folders of that name.
    """
    source = f"""
        import unittest
        from test._test_multiprocessing import install_tests_in_module_dict
        install_tests_in_module_dict(globals(), {method!r}, only_type="processes")
    """
    classes = ("Process", "Subclassing", "Queue", "Pool", "Connection", "Picklables", "Listener", "Value", "Event")
    match = tuple(f"*.WithProcessesTest{name}*.*" for name in classes)
    return Stdlib(f"test_processes_{method}", source, match)


STDLIB = """
    test_import test_importlib test_pkgutil test_runpy test_module test_modulefinder test_zipimport test_zipimport_support
    test_site test_cmd_line test_cmd_line_script test_multiprocessing_main_handling
    test_pickle test_picklebuffer test_pickletools test_copyreg test_copy test_enum test_marshal test_shelve
    test_inspect test_typing test_dataclasses test_functools test_descr test_builtin test_sys test_types test_frame
    test_doctest test_unittest test_traceback test_linecache test_trace test_pdb test_pyclbr test_pydoc
    test_py_compile test_compileall test_ensurepip test_atexit test_gc test_weakref test_threading test_threadedtempfile
    test_warnings test_audit test_contextlib test_context
""".split()

SUITES = [
    # C code makes sub-interpreters in some, and a refusal to that ends the process (docs/limits.md).
    *(Stdlib(name, ignore=("*Subinterp*",) * (name in ("test_atexit", "test_threading"))) for name in STDLIB),
    *(processes(method) for method in ("fork", "forkserver", "spawn")),
    Shipped(
        "numpy",
        "numpy",
        ("numpy==1.26.4", *PYTEST),
        ("numpy==2.3.5",),
        ("numpy/core/tests", "numpy/linalg", "numpy/fft", "numpy/lib", "numpy/ma", "numpy/polynomial", "numpy/random"),
        options=("-m", "not slow"),
    ),
    Shipped(
        "pandas",
        "pandas",
        ("pandas==2.1.4", "numpy==1.26.4", *PYTEST),
        ("pandas==2.3.3", "numpy==2.3.5"),
        (
            "pandas/tests/api",
            "pandas/tests/frame/test_constructors.py",
            "pandas/tests/frame/indexing",
            "pandas/tests/groupby/test_groupby.py",
            "pandas/tests/groupby/aggregate",
            "pandas/tests/indexing",
            "pandas/tests/reshape/merge",
            "pandas/tests/scalar",
            "pandas/tests/io/test_pickle.py",
        ),
        options=("-m", "not slow and not network and not db"),
    ),
    Shipped(
        "attrs",
        "attr",
        ("attrs==23.2.0", "cloudpickle==3.1.2", "zope.interface==6.4", *PYTEST),
        ("attrs==25.4.0",),
        ("tests",),
        sdist=True,
    ),
    *(
        Shipped(
            "pydantic-of-root" if by_root else "pydantic",
            "pydantic",
            ("pydantic==1.10.24", "email-validator==2.1.0", "pytest-mock==3.14.0", *PYTEST),
            ("pydantic==2.12.4",),
            ("tests",),
            sdist=True,
            by_root=by_root,
            options=("--ignore-glob=*mypy*", "-o", "filterwarnings="),
        )
        for by_root in (False, True)
    ),
    Shipped(
        "sqlalchemy",
        "sqlalchemy",
        ("sqlalchemy==1.4.54", "mock==5.1.0", *PYTEST),
        ("sqlalchemy==2.0.44",),
        ("test/base", "test/engine", "test/sql/test_select.py", "test/sql/test_compiler.py", "test/orm/test_pickled.py"),
        sdist=True,
        beside=("test", "lib/sqlalchemy/testing/plugin"),
        # Its settings name the module `test.requirements`.
        by_root=True,
        local=True,
        # With `-s`, its conftest.py takes the installed package.
        flags=("-s",),
        options=("-p", "no:logging", "--maxfail=10000"),
    ),
]
