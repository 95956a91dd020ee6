"""The frame of the hook's tests: every case runs in a subprocess, on each supported Python that is found.

Fixtures: `python` (one run of the test for each interpreter), `project` (a synced pinfold project, shared by
the tests that ask for the same one), `fresh_project` (one of the test's own), `merged` (the peer: an ordinary
virtual environment made by uv), `wheels` (small wheels made here, C extensions too), `index` (a package index
on the loopback interface).

Deliberately not here: any test; and any way to run a case inside pytest's own process.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from frame import pythons
from frame.index import LocalIndex
from frame.project import Tools, merged_venv, synced
from frame.wheels import Wheels

CHECKOUT = Path(__file__).resolve().parents[2]

# What was skipped, and why; read by the last lines of the run.
_SKIPS: list[str] = []


def pytest_addoption(parser):
    parser.addoption("--pythons", help="interpreters to test, separated by commas; default: all that are found")
    parser.addoption("--pinfold", help="the program under test; default: beside this Python, then on PATH")


def pytest_configure(config):
    config.addinivalue_line("markers", "one_python(*minors): run on the first of these interpreters that is found")
    config.pinfold_pythons = pythons.find(config.getoption("--pythons"))


def pytest_report_header(config):
    return "pythons: " + ", ".join(python.version for python in config.pinfold_pythons)


def pytest_generate_tests(metafunc):
    if "python" in metafunc.fixturenames:
        found = metafunc.config.pinfold_pythons
        one = metafunc.definition.get_closest_marker("one_python")
        if one:
            # Long cases run on one interpreter: the first of these that is there.
            found = [p for minor in one.args for p in found if p.minor == minor][:1] or found[:1]
        ids = [python.minor for python in found]
        metafunc.parametrize("python", found, ids=ids, indirect=True, scope="session")


@pytest.fixture(scope="session")
def python(request):
    """The interpreter of this run: `.minor`, `.version`, `.executable`, `.include`, `.suffix`."""
    return request.param


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """One folder for the whole run, whatever number of workers it has."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def tools(pytestconfig):
    """The programs under test, and the store that they share."""
    beside = Path(sys.executable).parent
    given = pytestconfig.getoption("--pinfold")
    found = given or shutil.which("pinfold", path=beside) or shutil.which("pinfold")
    if not found:
        pytest.exit("no `pinfold` to test; run `cargo xtask test --only-python`, or name one: --pinfold PATH", 2)
    store = os.environ.get("PINFOLD_CACHE") or CHECKOUT / "target" / "pinfold-cache"
    return Tools(pinfold=Path(found).absolute(), uv=shutil.which("uv", path=beside) or "uv", store=Path(store))


@pytest.fixture(scope="session")
def project(tools, python, shared_folder):
    """`project(manifest, files={})`: a synced project, made once for each manifest, files and Python.

    A test that changes the project takes `fresh_project`.
    """
    return lambda manifest, files=None: synced(tools, python, shared_folder / "projects", manifest, files or {})


@pytest.fixture
def fresh_project(tools, python, tmp_path):
    """As `project`, but the test's own; `sync=False` leaves it unsynced."""

    def make(manifest, files=None, sync=True):
        return synced(tools, python, tmp_path / "projects", manifest, files or {}, sync=sync)

    return make


@pytest.fixture(scope="session")
def merged(tools, python, shared_folder):
    """`merged(*requirements)`: an ordinary virtual environment, made by uv: the peer to compare with."""
    return lambda *requirements: merged_venv(tools, python, shared_folder / "merged", requirements)


@pytest.fixture(scope="session")
def wheels(python, shared_folder):
    """Makes small wheels for this run's Python."""
    return Wheels(python, shared_folder / "wheels")


@pytest.fixture
def index():
    """A package index of the test's own, on the loopback interface."""
    with LocalIndex() as index:
        yield index


def pytest_runtest_logreport(report):
    """A skipped test is said aloud at the end, and fails in CI."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _SKIPS.append(f"{report.nodeid}: {report.longrepr[2] if report.longrepr else 'no reason given'}")


def pytest_sessionfinish(session):
    worker = hasattr(session.config, "workerinput")
    if _SKIPS and _in_ci() and not worker and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    missing = pythons.missing(config.pinfold_pythons)
    if missing:
        terminalreporter.write_line(f"NOT FOUND, so not tried: Python {', '.join(missing)}", yellow=True)
    if _SKIPS:
        terminalreporter.section("skipped" + (", which fails under CI" if _in_ci() else ""), red=True)
        for skip in _SKIPS:
            terminalreporter.write_line(skip)


def _in_ci():
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
