"""Runs one suite on both sides, and compares.

Deliberately not here: which suites there are, and what becomes of the result.
"""

import shutil
import sys

import outcomes
import sides
from sides import CouldNot

__all__ = ["CouldNot", "attempt", "say"]


def attempt(suite, tools, python, folder, timeout):
    """Runs both sides, and what differs once more."""
    folder = (folder / f"{suite.name}-{python.minor}").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    both = list(sides.make(suite, tools, python, folder))
    mine, theirs = (side.run(timeout) for side in both)
    steady = outcomes.different(mine, theirs)
    if steady:
        say(f"  {len(steady)} differ; they are run again")
        again = [side.run(timeout, steady) for side in both]
        # What cannot be run alone (the set-up of a class) stays a difference.
        alike = again[0].keys() & again[1].keys() - outcomes.different(*again)
        steady -= alike
    return outcomes.compare(suite, python, mine, theirs, steady)


def say(text):
    """Talk, on stderr."""
    print(text, file=sys.stderr, flush=True)
