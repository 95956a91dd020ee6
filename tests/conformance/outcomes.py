"""What two sides of a suite came to, test by test, and which differences are accepted.

Deliberately not here: running the suites, and writing the page.
"""

import re
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

DIFFERENCES = Path(__file__).with_name("differences.txt")


@dataclass
class Row:
    """One suite on one Python."""

    suite: str
    about: str
    python: str
    tests: int
    passed: int
    #: test -> how it ended under the hook, how in plain CPython, what it said.
    new: dict = field(default_factory=dict)
    #: test -> why it may differ.
    accepted: dict = field(default_factory=dict)
    #: Tests that ended in different ways once, and alike when run again.
    unsteady: list = field(default_factory=list)
    #: Lines of `differences.txt` that no difference fits any more.
    stale: list = field(default_factory=list)

    @property
    def same(self):
        return self.tests - len(self.new) - len(self.accepted) - len(self.unsteady)

    @property
    def wrong(self):
        return bool(self.new or self.stale or not self.passed)

    def __str__(self):
        return (
            f"{self.suite} on {self.python}: {self.tests:,} tests, {self.passed:,} pass in plain CPython; {self.same:,} end the same, "
            f"{len(self.accepted)} accepted, {len(self.unsteady)} unsteady, {len(self.new)} new differences"
        )

    as_json = asdict


def different(mine, theirs):
    """The tests that do not end alike."""
    return {test for test in mine | theirs if _end(mine, test) != _end(theirs, test)}


def compare(suite, python, mine, theirs, steady):
    """The row; `steady` are the differences that a second run shows again."""
    row = Row(suite.name, suite.about, python.minor, len(mine | theirs), sum(end == "passed" for end, _ in theirs.values()))
    known = accepted(suite.name, python.minor)
    used = set()
    for test in sorted(different(mine, theirs)):
        said = (mine.get(test) or ("", ""))[1] or (theirs.get(test) or ("", ""))[1]
        fits = [pattern for pattern in known if fnmatchcase(test, pattern) or fnmatchcase(f"says:{said}", pattern)]
        used.update(fits)
        if fits:
            row.accepted[test] = known[fits[0]]
        elif test in steady:
            row.new[test] = [_end(mine, test), _end(theirs, test), said]
        else:
            row.unsteady.append(test)
    row.stale = sorted(known.keys() - used)
    return row


def accepted(suite, minor):
    """Pattern -> reason, from the lines for this suite and Python. A pattern is of a test's name or of what it says."""
    found = {}
    for line in DIFFERENCES.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, pythons, pattern, reason = re.split(r"\s{2,}", line.strip(), maxsplit=3)
            if name == suite and minor in pythons.split(","):
                # Names of tests have brackets in them; only stars are patterns.
                found[pattern.replace("[", "[[]").replace("?", "[?]")] = reason
    return found


def _end(ends, test):
    return ends[test][0] if test in ends else "not run"
