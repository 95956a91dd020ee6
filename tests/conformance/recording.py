"""Runs a package's tests with pytest and records how each ended; a module of the package that the pin is for.

The record has one line of JSON for each test, under the name that it has below the tests' folder, and a last line
with pytest's exit status: a record without one is of a run that did not come to its end.
Deliberately not here: anything but the standard library and pytest, for it runs in the environments under test.
"""

import importlib
import json
import os
import resource
import sys

import pytest


class Recorder:
    def __init__(self, record, only):
        self.record, self.only, self.ends = record, only, {}

    def write(self, **line):
        print(json.dumps(line), file=self.record, flush=True)

    def pytest_collection_modifyitems(self, items):
        if self.only is not None:
            items[:] = [item for item in items if item.nodeid in self.only]

    def pytest_collectreport(self, report):
        if not report.passed:
            self.write(test=report.nodeid, end=f"collection {report.outcome}", said=_said(report))

    def pytest_runtest_logreport(self, report):
        expected = hasattr(report, "wasxfail")
        if report.when == "call" or not report.passed:
            end = report.outcome if report.when == "call" or report.skipped else "error"
            ends = {"skipped": "failed as expected", "passed": "passed unexpectedly"} if expected else {}
            self.ends[report.nodeid] = (ends.get(end, end), _said(report))
        if report.when == "teardown":
            end, said = self.ends.pop(report.nodeid, ("passed", ""))
            self.write(test=report.nodeid, end=end, said=said)


def _said(report):
    if report.passed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return (crash.message if crash else str(report.longrepr))[-300:]


def run(record, only, anchor, paths, options):
    """Runs the tests in `paths` beside the module `anchor`, else in the current folder; of them only those in the file `only`, if there is one."""
    if "PINFOLD_GENERATION" in os.environ:
        # Children run as their parent does: as the package with the pin, not as root.
        import pinfold

        os.environ["PINFOLD_AS"] = pinfold.unit_of(sys.modules[__name__]).id
    folder = os.path.dirname(os.path.dirname(importlib.import_module(anchor).__file__)) if anchor else os.getcwd()
    files = [os.path.join(folder, path) for path in paths]
    common = ["-q", "-p", "no:cacheprovider", "--rootdir", folder, "--continue-on-collection-errors", "--hypothesis-seed=0"]
    chosen = None
    if only:
        with open(only) as names:
            chosen = set(json.load(names))
    with open(record, "w") as lines:
        recorder = Recorder(lines, chosen)
        status = pytest.main([*common, *options, *files], plugins=[recorder])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        recorder.write(status=int(status), memory=memory)
