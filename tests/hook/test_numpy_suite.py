"""numpy 1.26.4's own tests, under the hook with numpy 2 loaded, give what they give in an ordinary environment."""

import xml.etree.ElementTree as ElementTree

import pytest
from test_rules import at, manifest

TESTS = ["core/tests/test_multiarray.py", "linalg", "fft"]
REQUIRES = ["numpy==1.26.4", "pytest==8.4.2", "hypothesis==6.140.2"]

RUN = """
    import os, sys, pytest, numpy
    folder = os.path.dirname(numpy.__file__)
    def run(report, tests):
        assert numpy.__version__ == "1.26.4"
        files = [os.path.join(folder, test) for test in tests]
        return pytest.main(["-q", "-p", "no:cacheprovider", "--junitxml", report, *files])
"""


def outcomes(report):
    """Test -> how it ended, from a JUnit report."""
    cases = ElementTree.parse(report).iter("testcase")
    where = lambda case: case.get("classname").rpartition("site-packages.")[2]  # noqa: E731
    return {(where(c), c.get("name")): sorted(child.tag for child in c if child.tag != "properties") for c in cases}


# 3.12 is the newest that numpy 1.26 has wheels for.
@pytest.mark.one_python("3.12", "3.11")
def test_numpys_own_tests_end_as_in_an_ordinary_environment(project, merged, wheels, tmp_path):
    suite = wheels.pure("suite", "1", {"suite.py": RUN}, requires=["numpy", "pytest", "hypothesis"])
    env = project(manifest([at("suite", suite), "numpy>=2"], {"suite": REQUIRES}))
    peer = merged(*REQUIRES, at("suite", suite))
    mine, theirs = tmp_path / "mine.xml", tmp_path / "theirs.xml"
    env.run(
        "import sys, numpy\n"
        "assert numpy.__version__ > '2' and numpy.linalg.inv(numpy.eye(3)).sum() == 3 and numpy.fft.fft([1, 1])[0] == 2\n"
        "import suite\nassert suite.numpy is not numpy\nsuite.run(sys.argv[1], sys.argv[2:])",
        mine,
        *TESTS,
        cwd=tmp_path,
    )
    peer.run("import sys, suite; suite.run(sys.argv[1], sys.argv[2:])", theirs, *TESTS, cwd=tmp_path)
    mine, theirs = outcomes(mine), outcomes(theirs)
    different = {test: (mine.get(test), theirs.get(test)) for test in mine | theirs if mine.get(test) != theirs.get(test)}
    assert not different, dict(list(different.items())[:20])
    assert len(theirs) > 5000
