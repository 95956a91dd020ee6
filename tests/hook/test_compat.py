"""A sample of `cargo xtask compat`: each one shows a mechanism that another package does not have."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "compat"))

import cases  # noqa: E402
import pair  # noqa: E402

SAMPLE = {
    "cffi": "a library that calls back into Python",
    "pynacl": "cffi writes modules into the dict of sys.modules",
    "contourpy": "neighbouring versions of one pybind11 module",
    "pydantic": "Cython in the old version, Rust in the new one",
    "jinja2": "code that is generated at run time imports",
    "googleapis-common-protos": "a namespace that several distributions fill",
    "tomli": "mypyc looks each import up in the dict of sys.modules",
    "kiwisolver": "C++ types that another version has, too",
}


@pytest.mark.one_python("3.11")
@pytest.mark.parametrize("name", SAMPLE)
def test_two_versions_compute_and_load_what_each_does_alone(name, tools, python, tmp_path):
    pair.run(cases.every([name])[0], tools, python, tmp_path)


def test_the_table_is_as_long_as_the_readme_says():
    everything = cases.every()
    assert len(everything) > 80
    assert all(len(case.does) > 20 and "def work():" in case.source for case in everything)
