"""A sample of `cargo xtask conformance`: upstream tests end under the hook as they do in an ordinary environment."""

import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import comparing  # noqa: E402
from suites import SUITES  # noqa: E402

# Generous: what is cut off says nothing.
TIMEOUT = 1800


def suite(name):
    return next(suite for suite in SUITES if suite.name == name)


def compared(suite, tools, python, folder):
    """The row; what is accepted does not count, and lines for tests outside the sample are not stale here."""
    row = comparing.attempt(suite, tools, python, folder / "conformance", TIMEOUT)
    assert not row.new
    return row


# 3.12 is the newest that numpy 1.26 has wheels for.
@pytest.mark.one_python("3.12", "3.11")
def test_numpys_own_tests_with_another_numpy_loaded(tools, python, tmp_path):
    tests = ("numpy/core/tests/test_multiarray.py", "numpy/linalg", "numpy/fft")
    assert compared(dataclasses.replace(suite("numpy"), tests=tests), tools, python, tmp_path).passed > 5000


@pytest.mark.parametrize("name", ["test_import", "test_importlib", "test_runpy"])
def test_cpythons_own_tests_without_pins(name, tools, python, shared_folder):
    assert compared(suite(name), tools, python, shared_folder).passed > 30
