"""mock, pytest, coverage, pdb, doctest, unittest: tools that import on behalf of the code that they run."""

import json

import pytest
from test_rules import at, leaf, manifest, two_worlds

__all__ = ["leaf"]

# A module that one package has in two versions, each with a function to be patched, and a user of it.
PATCHED = """
    from unittest import mock
    import leaf, leaf_user
    @mock.patch("leaf.V", "patched")
    def decorated():
        import leaf
        return leaf.V, leaf_user.get()
    @mock.patch.multiple("leaf", V="patched")
    def multiple():
        return leaf.V, leaf_user.get()
    @mock.patch.dict("leaf_user.D", {"k": "patched"})
    def dictionary():
        return dict(leaf_user.D)
    @mock.patch("leaf_user.get")
    class Cases:
        def test_it(self, get):
            return leaf_user.get is get
    def inside():
        with mock.patch("leaf.V", "patched"):
            return leaf.V, leaf_user.get()
    def nested():
        @mock.patch("leaf.V", "patched")
        def function():
            return leaf.V
        return function
"""


@pytest.fixture
def patched(project, wheels, leaf):
    users = {v: wheels.pure("leaf-user", v, {"leaf_user.py": "import leaf\nD = {'k': leaf.V}\ndef get():\n    return leaf.V"}, requires=["leaf"]) for v in leaf}
    code = "\n".join(line[4:] for line in PATCHED.splitlines())
    old = wheels.pure("old", "1", {"old.py": code}, requires=["leaf", "leaf-user"])
    pins = {"old": [at("leaf", leaf["1.0"]), at("leaf-user", users["1.0"])]}
    return project(manifest([at("old", old), at("leaf", leaf["2.0"]), at("leaf-user", users["2.0"])], pins), {"mine.py": code})


def test_mock_patches_for_who_wrote_the_decorator_whoever_calls(patched):
    done = patched.run(
        """
        import leaf, leaf_user, mine, old, unittest
        for who, other in ((mine, old), (old, mine)):
            print(who.decorated(), who.multiple(), who.inside(), who.nested()(), who.dictionary(), who.Cases().test_it())
            print(other.leaf.V, other.leaf_user.get(), who.leaf.V, who.leaf_user.D)
        """
    )
    each = "('patched', 'patched') ('patched', 'patched') ('patched', 'patched') patched {'k': 'patched'} True"
    assert done.stdout.splitlines()[0::2] == [each] * 2
    assert done.stdout.splitlines()[1::2] == ["1.0 1.0 2.0 {'k': '2.0'}", "2.0 2.0 1.0 {'k': '1.0'}"]


def test_mock_without_pins_is_as_it_comes(project, wheels, leaf):
    env = project(manifest([at("leaf", leaf["2.0"])]))
    code = "from unittest import mock; import types; print(type(mock.pkgutil) is types.ModuleType, type(mock.__loader__).__name__)"
    assert env.run(code).stdout == "True SourceFileLoader\n"


OLD_RUNS_PYTEST = """
import leaf
def late():
    import leaf
    return leaf.V
def run(args):
    import pytest
    print("pytest", pytest.__version__)
    return pytest.main(args)
"""

ROOTS_TESTS = {
    "tests/conftest.py": "import leaf\npytest_plugins = ['fixtures']\ndef pytest_generate_tests(metafunc):\n    if 'version' in metafunc.fixturenames:\n        metafunc.parametrize('version', [leaf.V])\n",
    "tests/fixtures.py": "import leaf\ndef pytest_report_header(config):\n    return 'leaf is ' + leaf.V\n",
    "tests/test_mine.py": """
import sys, types
import leaf, old
from unittest import mock

def test_versions(version, tmp_path, capsys):
    assert version == leaf.V == "2.0" and old.leaf.V == old.late() == "1.0"

def test_mock_sys_modules():
    fake = types.ModuleType("leaf")
    fake.V = "fake"
    with mock.patch.dict(sys.modules, {"leaf": fake, "brand_new": fake}):
        import leaf, brand_new
        assert leaf.V == "fake" and brand_new is fake and old.late() == "1.0"
    import leaf
    assert leaf.V == "2.0" and old.late() == "1.0" and "brand_new" not in sys.modules

@mock.patch("old.leaf.V", "patched")
def test_patch():
    assert old.late() == "patched" and leaf.V == "2.0"

def test_monkeypatched_attributes(monkeypatch):
    monkeypatch.setattr(old.leaf, "V", "set")
    monkeypatch.setattr("old.leaf.V", "by name")
    assert old.late() == "by name" and leaf.V == "2.0"

def test_rewriting_shows_values():
    value = {"a": leaf.V}
    assert value == {"b": "wrong"}
""",
}

# With the pytest that stands where the table does: root's.
MONKEYPATCH = """
import sys, types
import leaf, old

def test_monkeypatch(monkeypatch):
    fake = types.ModuleType("leaf")
    fake.V = "fake"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "leaf", fake)
        patch.setitem(sys.modules, "brand_new", fake)
        import leaf, brand_new
        assert leaf.V == "fake" and brand_new is fake and old.late() == "1.0"
    import leaf
    assert leaf.V == "2.0" and old.late() == "1.0" and "brand_new" not in sys.modules
    monkeypatch.delitem(sys.modules, "leaf")
    import leaf as again
    assert again.V == "2.0" and again is not leaf
    monkeypatch.undo()
    assert sys.modules["leaf"] is leaf
"""


@pytest.mark.parametrize("who", ["root", "pinned", "only-pinned"])
def test_pytest_runs_roots_tests(project, wheels, leaf, who):
    """Root's pytest, an older one in a pin beside it, and one that only a pin has; assertion rewriting included."""
    old = wheels.pure("old", "1", {"old.py": OLD_RUNS_PYTEST}, requires=["leaf", "pytest"])
    roots = ["pytest==8.4.2"] if who != "only-pinned" else []
    text = manifest([at("old", old), at("leaf", leaf["2.0"]), *roots], {"old": [at("leaf", leaf["1.0"]), "pytest==7.4.4"]})
    env = project(text, ROOTS_TESTS | ({"tests/test_monkeypatch.py": MONKEYPATCH} if who == "root" else {}))
    args = ["-p", "no:cacheprovider", "-q", "tests"]
    if who == "root":
        done = env.run_program("pytest", *args, check=False)
    else:
        done = env.run(f"import old; raise SystemExit(old.run({args!r}))", check=False)
        assert "pytest 7.4.4" in done.stdout, str(done)
    assert f"1 failed, {5 if who == 'root' else 4} passed" in done.stdout, str(done)
    assert "{'a': '2.0'} == {'b': 'wrong'}" in done.stdout, str(done)


def test_pytest_doctest_and_unittest_run_a_packages_own_tests(project, wheels, leaf):
    """A test file in the package's folder belongs to the package, whatever runs it."""
    files = {
        "old/__init__.py": 'import leaf\ndef get():\n    """\n    >>> import leaf; leaf.V, get()\n    (\'1.0\', \'1.0\')\n    """\n    return leaf.V',
        "old/tests/__init__.py": "",
        "old/tests/test_it.py": "import leaf, unittest\nfrom unittest import mock\nclass T(unittest.TestCase):\n    def test_a(self):\n        import leaf as l\n        self.assertEqual((leaf.V, l.V), ('1.0', '1.0'))\n    @mock.patch('leaf.V', 'x')\n    def test_b(self):\n        self.assertEqual(leaf.V, 'x')\ndef load_tests(loader, tests, pattern):\n    return tests\n",
    }
    old = wheels.pure("old", "1", files, requires=["leaf"])
    env = project(manifest([at("old", old), at("leaf", leaf["2.0"]), "pytest==8.4.2"], {"old": [at("leaf", leaf["1.0"])]}))
    done = env.run_program("pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "old", "--doctest-modules", check=False)
    assert "3 passed" in done.stdout, str(done)
    for args in (["-m", "unittest", "old.tests.test_it"], ["-m", "unittest", "discover", "-s", "old.tests"]):
        done = env.run_python(*args)
        assert "Ran 2 tests" in done.stderr and "OK" in done.stderr, str(done)
    done = env.run("import doctest, old, unittest; print(doctest.testmod(old), unittest.TextTestRunner(open('/dev/null', 'w')).run(doctest.DocTestSuite('old')))")
    assert done.stdout == "TestResults(failed=0, attempted=1) <unittest.runner.TextTestResult run=1 errors=0 failures=0>\n"


def test_coverage_measures_both_versions(project, wheels, leaf):
    """With the C tracer, which calls into Python from inside every frame."""
    text = two_worlds(wheels, leaf, "import leaf\ndef late():\n    import leaf\n    return leaf.V\n", root_extra=["coverage==7.6.10"])
    env = project(text, {"mine.py": "import old, leaf\nprint(old.late(), leaf.V)\n"})
    for core in ("ctrace", "pytrace"):
        done = env.run_python("-m", "coverage", "run", "--source=leaf,old,mine", "mine.py", env={"COVERAGE_CORE": core, "COVERAGE_FILE": env.folder / f".c-{core}"})
        assert done.stdout == "1.0 2.0\n", str(done)
        done = env.run_python("-m", "coverage", "json", "-q", "-o", "-", env={"COVERAGE_FILE": env.folder / f".c-{core}"})
        files = json.loads(done.stdout)["files"]
        assert any(name.endswith("mine.py") for name in files) and any(name.endswith("old/__init__.py") for name in files)
        assert all(not data["missing_lines"] for data in files.values()), files


def test_the_debugger_imports_for_the_frame_that_it_stands_in(project, wheels, leaf):
    code = "def late():\n    import leaf\n    here = 1\n    breakpoint()\n    return leaf.V\ndef fail():\n    import leaf\n    raise ValueError(leaf.V)\n"
    env = project(two_worlds(wheels, leaf, code), {"mine.py": "import leaf, old\nold.late()\nold.fail()\n"})
    script = "import leaf as l\np l.V, leaf.V\nimport importlib\np importlib.import_module('leaf').V\nu\nimport leaf as k\np k.V\nd\nc\n"
    done = env.run_python("mine.py", stdin=script, check=False)
    assert "('1.0', '1.0')" in done.stdout and "(Pdb) '1.0'" in done.stdout and "(Pdb) '2.0'" in done.stdout, str(done)
    done = env.run_python("-m", "pdb", "-c", "continue", "mine.py", stdin="c\nimport leaf as l\np 'post', l.V\nu\nimport leaf as k\np 'up', k.V\nq\n", check=False)
    assert "('post', '1.0')" in done.stdout and "('up', '2.0')" in done.stdout, str(done)
