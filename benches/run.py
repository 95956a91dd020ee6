"""Runs the benchmarks and prints one table; `cargo xtask bench` calls this in an environment that has pinfold.

Figures appear on stderr as they are measured, and as one table on stdout at the end.
"""

import argparse
import os
import platform
import sys
from pathlib import Path

import cached_import
import checking
import cold_import
import creation
import isolation
import rollback
import splitting
import startup
from measure import table
from places import Sides

BENCHES = {
    "creation": creation,
    "rollback": rollback,
    "startup": startup,
    "cold-import": cold_import,
    "cached-import": cached_import,
    "abicheck": checking,
    "split": splitting,
    "isolation": isolation,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="only the benchmarks whose name contains this")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is made")
    arguments = parser.parse_args()
    chosen = {name: bench for name, bench in BENCHES.items() if arguments.name in name}
    if not chosen:
        parser.error(f"no benchmark is named like {arguments.name!r}; there are {', '.join(BENCHES)}")
    sides = Sides(folder=arguments.folder.resolve(), programs=Path(sys.executable).parent)
    rows = []
    for name, bench in chosen.items():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        for figure in bench.figures(sides):
            rows.append(figure.cells())
            print("  " + "  ".join(rows[-1]), file=sys.stderr, flush=True)
    print(f"medians, in turns, on {os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
