"""`cargo xtask compat`: tries every case, or those named, and writes the table into the docs.

Exit code 1 where something that the table expects does not hold. The page is written by a run of all cases.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "hook"))

import cases  # noqa: E402
import page  # noqa: E402
import pair  # noqa: E402
from frame import pythons  # noqa: E402
from frame.project import Tools  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where environments and logs go")
    parser.add_argument("names", nargs="*", help="distributions; all, unless some are named")
    arguments = parser.parse_args()
    chosen = cases.every(arguments.names)
    found = {python.minor: python for python in pythons.find(None)}
    beside = Path(sys.executable).parent
    tools = Tools(
        pinfold=Path(shutil.which("pinfold", path=beside) or shutil.which("pinfold") or sys.exit("no pinfold")),
        uv=shutil.which("uv", path=beside) or "uv",
        store=Path(os.environ["PINFOLD_CACHE"]),
    )
    outcomes = []
    for number, case in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {case.name} {' and '.join(case.versions)}", end=" ", file=sys.stderr, flush=True)
        began = time.monotonic()
        outcome = attempt(case, tools, found.get(case.python), arguments.folder)
        outcomes.append(outcome)
        print(f"{outcome.said} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    print(page.table(outcomes))
    if not arguments.names:
        (CHECKOUT / "docs/compatibility.md").write_text(page.page(outcomes, found))
    wrong = [outcome for outcome in outcomes if not outcome.as_expected]
    for outcome in wrong:
        print(f"not as expected: {outcome.case.name}: {outcome.said}\n  {outcome.log}", file=sys.stderr)
    together = sum(outcome.works for outcome in outcomes)
    print(f"{together} of {len(outcomes)} run together; {len(wrong)} not as the table expects")
    return 1 if wrong else 0


def attempt(case, tools, python, folder):
    """Tries one; its log is kept where it fails."""
    log = folder / f"{case.name}.log"
    log.unlink(missing_ok=True)
    if python is None:
        return page.Outcome(case, f"Python {case.python} was not found", log)
    try:
        pair.run(case, tools, python, folder)
    except (pair.Difference, AssertionError) as failed:
        folder.mkdir(parents=True, exist_ok=True)
        log.write_text(str(failed))
        return page.Outcome(case, str(failed).splitlines()[0][:200], log)
    return page.Outcome(case, "", log)


if __name__ == "__main__":
    sys.exit(main())
