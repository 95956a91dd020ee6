"""`cargo xtask replay`: updates a project on each day of a window of the past, under three policies, and counts.

The page in docs/ is written by a run of the whole window. Exit code 1 where the gate fails in what tracks have in use,
2 where something could not be played.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "hook"))

import counting  # noqa: E402
import page  # noqa: E402
import policies  # noqa: E402
import replaying  # noqa: E402
from frame import pythons  # noqa: E402
from frame.project import Tools  # noqa: E402
from replaying import Stopped  # noqa: E402

FIRST, LAST = "2024-05-15", "2024-08-15"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where environments, logs and results go")
    parser.add_argument("--first", default=FIRST, help="the first day [%(default)s]")
    parser.add_argument("--last", default=LAST, help="the last day [%(default)s]")
    parser.add_argument("--project", default="full", choices=["full", "small"])
    arguments = parser.parse_args()
    interpreter = next((python for python in pythons.find(None) if python.minor == "3.11"), None)
    if interpreter is None:
        raise Stopped("found no Python 3.11, for which the packages of that time have wheels")
    beside = Path(sys.executable).parent
    folder = arguments.folder.absolute()
    os.environ.setdefault("UV_CACHE_DIR", str(folder / "uv-cache"))
    tools = Tools(
        pinfold=beside / "pinfold",
        uv=shutil.which("uv", path=beside) or "uv",
        store=Path(os.environ["PINFOLD_CACHE"]),
    )
    try:
        days = replaying.window(arguments.first, arguments.last)
    except ValueError as error:
        raise Stopped(f"a day is written like {FIRST}: {error}") from error
    if len(days) < 2:
        raise Stopped(f"{arguments.first} is not before {arguments.last}: there is nothing to update")
    records = replaying.replay(tools, interpreter, arguments.project, days, folder / f"{arguments.project}-{days[0]}")
    found = counting.figures(records)
    print(page.table(found, records))
    if (arguments.project, arguments.first, arguments.last) == ("full", FIRST, LAST):
        (CHECKOUT / "docs/replay.md").write_text(page.page(found, records, interpreter, policies.manifest(arguments.project)["requires"]))
    return 1 if found[counting.TRACKS].failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Stopped, AssertionError) as error:
        # A program that was run and failed is shown with all that it said.
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
