"""The test suites of `cargo xtask conformance`: CPython's own, and those that packages ship.

Deliberately not here: running and comparing them.
"""

from dataclasses import dataclass

# What runs the packages' tests.
PYTEST = ("pytest==8.4.2", "hypothesis==6.140.2")


@dataclass(frozen=True)
class Stdlib:
    """A part of CPython's own suite, under an active hook without pins."""

    name: str
    module: str
    about: str = "hook active, no pins"


@dataclass(frozen=True)
class Shipped:
    """Tests of one version of a package, with another version loaded and used by root.

    `tests` are paths below the folder of the package's wheel, or of its source distribution if `sdist` says so.
    """

    name: str
    module: str
    requires: tuple[str, ...]
    root: tuple[str, ...]
    tests: tuple[str, ...]
    sdist: bool = False
    options: tuple[str, ...] = ()

    @property
    def about(self):
        return f"{self.requires[0].replace('==', ' ')} in a pin, root on {self.root[0].replace('==', ' ')}"


SUITES = [
    Stdlib("test_importlib", "test_importlib"),
    Stdlib("test_import", "test_import"),
    Shipped(
        "numpy",
        "numpy",
        ("numpy==1.26.4", *PYTEST),
        ("numpy==2.3.5",),
        ("numpy/core/tests/test_multiarray.py", "numpy/core/tests/test_umath.py", "numpy/linalg", "numpy/fft", "numpy/lib"),
    ),
    Shipped(
        "pandas",
        "pandas",
        ("pandas==2.1.4", "numpy==1.26.4", *PYTEST),
        ("pandas==2.3.3", "numpy==2.3.5"),
        ("pandas/tests/frame/test_constructors.py", "pandas/tests/groupby/test_groupby.py", "pandas/tests/reshape/merge", "pandas/tests/scalar", "pandas/tests/io/test_pickle.py"),
    ),
    Shipped(
        "attrs",
        "attr",
        ("attrs==23.2.0", "cloudpickle==3.1.2", "zope.interface==6.4", *PYTEST),
        ("attrs==25.4.0",),
        ("tests",),
        sdist=True,
    ),
    Shipped(
        "pydantic",
        "pydantic",
        ("pydantic==1.10.24", "email-validator==2.1.0", "pytest-mock==3.14.0", *PYTEST),
        ("pydantic==2.12.4",),
        ("tests",),
        sdist=True,
        options=("--ignore-glob=*mypy*", "-o", "filterwarnings="),
    ),
    Shipped(
        "sqlalchemy",
        "sqlalchemy",
        ("sqlalchemy==1.4.54", "mock==5.1.0", *PYTEST),
        ("sqlalchemy==2.0.44",),
        ("test/base", "test/sql/test_select.py", "test/sql/test_compiler.py", "test/orm/test_query.py", "test/orm/test_pickled.py"),
        sdist=True,
        options=("-p", "no:logging", "--maxfail=10000"),
    ),
]
