"""`cargo xtask conformance`: upstream test suites under the hook, compared test by test with plain CPython.

Deliberately not here: which suites there are (`suites`), and which differences are accepted (`differences.txt`).
Exit code 1 where a test ends in another way and that is not accepted, or an accepted one does not differ any more;
2 where a suite did not come to its end. The page in docs/ is written when every suite has a result.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "hook"))

import page  # noqa: E402
from comparing import CouldNot, attempt, say  # noqa: E402
from frame import pythons  # noqa: E402
from frame.project import Tools  # noqa: E402
from outcomes import Row  # noqa: E402
from suites import SUITES  # noqa: E402

# For one side of one suite: a busy machine is slow, and a suite that is cut off says nothing.
TIMEOUT = 4 * 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where environments and records go")
    parser.add_argument("--python", metavar="VERSIONS", help="only these, such as 3.11,3.12; without, all that a suite is for")
    parser.add_argument("--resume", action="store_true", help="keep the results that the last run left")
    parser.add_argument("--timeout", type=int, default=TIMEOUT, metavar="SECONDS", help="for one side of one suite")
    parser.add_argument("names", nargs="*", help="suites; all, unless some are named")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {suite.name for suite in SUITES}
    if unknown:
        say(f"error: no suite {', '.join(sorted(unknown))}\nhint: there are {', '.join(suite.name for suite in SUITES)}")
        return 2
    found = {python.minor: python for python in pythons.find(None)}
    every = [(suite, found[minor]) for suite in SUITES for minor in suite.pythons if minor in found]
    chosen = [
        (suite, python)
        for suite, python in every
        if suite.name in (arguments.names or [suite.name]) and python.minor in (arguments.python or python.minor).split(",")
    ]
    beside = Path(sys.executable).parent
    tools = Tools(
        pinfold=Path(shutil.which("pinfold", path=beside) or shutil.which("pinfold") or sys.exit("no pinfold")),
        uv=shutil.which("uv", path=beside) or "uv",
        store=Path(os.environ["PINFOLD_CACHE"]),
    )
    failed, wrong = [], []
    for number, (suite, python) in enumerate(chosen, 1):
        if arguments.resume and result_of(arguments.folder, suite, python).exists():
            continue
        say(f"[{number}/{len(chosen)}] {suite.name} on {python.version}: {suite.about}")
        began = time.monotonic()
        result_of(arguments.folder, suite, python).unlink(missing_ok=True)
        try:
            row = attempt(suite, tools, python, arguments.folder, arguments.timeout)
        except (CouldNot, AssertionError) as why:
            say(f"error: could not compare {suite.name} on {python.minor}: {why}")
            failed.append(f"{suite.name} on {python.minor}")
            continue
        result_of(arguments.folder, suite, python).write_text(json.dumps(row.as_json(), indent=1))
        report(row, time.monotonic() - began)
    rows = {key: read(result_of(arguments.folder, *key)) for key in every if result_of(arguments.folder, *key).exists()}
    wrong = [row for key, row in rows.items() if key in chosen and row.wrong]
    if len(rows) == len(every) and len(found) == len(pythons.SUPPORTED):
        (CHECKOUT / "docs/conformance.md").write_text(page.page(list(rows.values()), list(found.values())))
    for name in failed:
        say(f"could not: {name}")
    for row in wrong:
        say(f"not as accepted: {row}")
    return 2 if failed else 1 if wrong else 0


def report(row, seconds):
    """The line of one suite on stdout, and what differs on stderr."""
    print(f"{row} ({seconds:.0f} s)", flush=True)
    for test, (here, there, said) in row.new.items():
        say(f"  {test}: {here} under the hook, {there} in plain CPython: {said}")
    for test in row.unsteady:
        say(f"  {test}: unsteady")
    for pattern in row.stale:
        say(f"  {pattern}: does not differ any more; differences.txt still says so")


def result_of(folder, suite, python):
    return folder / f"{suite.name}-{python.minor}.json"


def read(path):
    return Row(**json.loads(path.read_text()))


if __name__ == "__main__":
    sys.exit(main())
