"""Runs CPython's own runner of tests, `python -m test`, whose record lacks the names of tests with failed subtests.

Deliberately not here: anything but the standard library, for it runs in the environments under test.
"""

from xml.etree import ElementTree

from test.libregrtest import testresult
from test.libregrtest.main import main

RESULT = testresult.RegressionTestResult


def add_subtest(self, test, subtest, err):
    case = self._RegressionTestResult__e
    if err is not None and case is not None:
        case.set("name", test.id())
        ElementTree.SubElement(case, "failure").text = f"{subtest}: {err[1]}"
    super(RESULT, self).addSubTest(test, subtest, err)


RESULT.addSubTest = add_subtest
main(_add_python_opts=True)
