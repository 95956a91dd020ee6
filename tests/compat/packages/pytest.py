"""Runs tests with fixtures, parameters, rewritten assertions and a plugin inside the process."""

OLD = ["pytest==7.4.4"]
NEW = ["pytest==9.0.1"]
CODE = "-"

import contextlib
import io
import pathlib
import sys
import tempfile

import pytest

# A file outside the package is root's code, so it imports nothing: its `pytest` would be root's.
TESTS = """
def test_smaller(x, two, monkeypatch, tmp_path):
    monkeypatch.setenv("X", str(tmp_path))
    assert [x, 5] < [two + 1, 0]
"""


class Plugin:
    def __init__(self):
        self.found = []

    @pytest.fixture
    def two(self):
        return 2

    def pytest_generate_tests(self, metafunc):
        metafunc.parametrize("x", [1, pytest.param(2, marks=pytest.mark.skip), 3])

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.skipped:
            self.found.append([report.outcome, str(report.longreprtext).count("assert [3, 5] < [3, 0]")])


def work():
    plugin, out = Plugin(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out):
        pathlib.Path(folder, "test_shop.py").write_text(TESTS)
        sys.modules.pop("test_shop", None)
        code = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, folder], plugins=[plugin])
    return [pytest.__version__, int(code), plugin.found, out.getvalue().count("1 failed, 1 passed, 1 skipped")]
