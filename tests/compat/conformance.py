"""`cargo xtask conformance`: upstream test suites under the hook, compared test by test with plain CPython.

Deliberately not here: which suites there are (`suites`), and which differences are accepted (`differences.txt`).
Exit code 1 where a test ends in another way and that is not accepted, or an accepted one does not differ.
"""

import argparse
import os
import re
import shutil
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests" / "hook"))

from frame import pythons  # noqa: E402
from frame.project import Tools, execute, merged_venv, synced  # noqa: E402
from frame.wheels import Wheels  # noqa: E402
from suites import SUITES, Stdlib  # noqa: E402

RUN = """
    import os, sys
    def run(report, anchor, paths, options):
        import importlib, pytest
        folder = os.path.dirname(os.path.dirname(importlib.import_module(anchor).__file__))
        files = [os.path.join(folder, path) for path in paths]
        return pytest.main(["-q", "-p", "no:cacheprovider", "--junitxml", report, *options, *files])
"""

TIMEOUT = 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where environments and reports go")
    parser.add_argument("names", nargs="*", help="suites; all, unless some are named")
    arguments = parser.parse_args()
    chosen = [suite for suite in SUITES if not arguments.names or suite.name in arguments.names]
    if not chosen:
        raise SystemExit(f"no such suite; there are {', '.join(suite.name for suite in SUITES)}")
    found = {python.minor: python for python in pythons.find(None)}
    python = found.get("3.11") or next(iter(found.values()))
    beside = Path(sys.executable).parent
    tools = Tools(
        pinfold=Path(shutil.which("pinfold", path=beside) or shutil.which("pinfold") or sys.exit("no pinfold")),
        uv=shutil.which("uv", path=beside) or "uv",
        store=Path(os.environ["PINFOLD_CACHE"]),
    )
    rows, wrong = [], 0
    for suite in chosen:
        print(f"{suite.name}: {suite.about}", file=sys.stderr, flush=True)
        folder = arguments.folder / suite.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run = stdlib if isinstance(suite, Stdlib) else shipped
        mine, theirs = run(suite, tools, python, folder)
        row = compare(suite, mine, theirs)
        wrong += row["wrong"]
        rows.append(row)
        print("{name}: {tests} tests, {passed} pass in plain CPython; {different} differ, {accepted} of them accepted".format(**row), flush=True)
    if not arguments.names:
        (CHECKOUT / "docs/conformance.md").write_text(page(rows, python))
    return 1 if wrong else 0


def stdlib(suite, tools, python, folder):
    """CPython's own tests, in an environment without pins and in an ordinary one."""
    outcomes = []
    for which in ("hook", "plain"):
        if which == "hook":
            environment = synced(tools, python, folder / which, 'requires = ["six==1.17.0"]', {})
        else:
            environment = merged_venv(tools, python, folder / which, ["six==1.17.0"])
        report = folder / f"{which}.xml"
        command = [environment.python, "-m", "test", "--junit-xml", report, suite.module]
        done = execute(command, env=tools.environment(), cwd=folder, check=False, timeout=TIMEOUT)
        (folder / f"{which}.log").write_text(str(done))
        outcomes.append(read(report, done))
    return outcomes


def shipped(suite, tools, python, folder):
    """A package's tests, as a package of their own with a pin, and in an ordinary environment."""
    files = {"suite/__init__.py": RUN}
    anchor = suite.module
    if suite.sdist:
        files |= tests_of_sdist(suite, folder)
        anchor = "suite.tree"
        files["suite/tree.py"] = ""
    names = [re.match(r"[A-Za-z0-9._-]+", requirement)[0] for requirement in suite.requires]
    wheel = Wheels(python, folder / "wheels").pure("suite", "1", files, requires=names)
    listed = lambda all: "[" + ", ".join(f'"{one}"' for one in all) + "]"  # noqa: E731
    at = f"suite @ file://{wheel}"
    manifest = f"requires = {listed([at, *suite.root])}\n[pins.suite]\nrequires = {listed(suite.requires)}\n"
    tests = [f"suite/{test}" if suite.sdist else test for test in suite.tests]
    call = f"import suite; sys.exit(0 * suite.run(sys.argv[1], {anchor!r}, {tests!r}, {list(suite.options)!r}))"
    outcomes = []
    for which in ("hook", "plain"):
        if which == "hook":
            environment, first = synced(tools, python, folder / which, manifest, {}), f"import sys, {suite.module}; "
        else:
            environment, first = merged_venv(tools, python, folder / which, [*suite.requires, at]), "import sys; "
        report = folder / f"{which}.xml"
        command = [environment.python, "-c", first + call, report]
        done = execute(command, env=tools.environment(), cwd=folder, check=False, timeout=TIMEOUT)
        (folder / f"{which}.log").write_text(str(done))
        outcomes.append(read(report, done))
    return outcomes


def tests_of_sdist(suite, folder):
    """The test files of the source distribution, as files of the package `suite`."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    execute([*pip, "--dest", folder, suite.requires[0]], env=dict(os.environ), cwd=folder, timeout=TIMEOUT)
    files = {}
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for member in archive.getmembers():
            path = member.name.partition("/")[2]
            top = {test.partition("/")[0] for test in suite.tests}
            if member.isfile() and (path.partition("/")[0] in top or path in ("conftest.py", "setup.cfg")):
                files[f"suite/{path}"] = archive.extractfile(member).read()
    return files


def read(report, done):
    """Test -> how it ended, from a JUnit report."""
    if not report.exists():
        raise SystemExit(f"the suite gave no report\n{done}")
    ended = {}
    for case in ElementTree.parse(report).iter("testcase"):
        where = (case.get("classname") or "").rpartition("site-packages.")[2]
        name = f"{where}.{case.get('name')}".lstrip(".")
        how = sorted({child.tag for child in case} & {"failure", "error", "skipped"}) or [case.get("result", "passed").replace("completed", "passed")]
        ended[re.sub(r"0x[0-9a-f]{6,}", "0x", name)] = how[0]
    return ended


def accepted(suite):
    lines = (Path(__file__).parent / "differences.txt").read_text().splitlines()
    parts = [re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in lines if line.strip() and not line.startswith("#")]
    return {test: reason for name, test, reason in parts if name == suite.name}


def compare(suite, mine, theirs):
    """Counts, and what differs."""
    known = accepted(suite)
    different = {test: (mine.get(test), theirs.get(test)) for test in mine | theirs if mine.get(test) != theirs.get(test)}
    new = {test: ends for test, ends in different.items() if test not in known}
    for test, (here, there) in sorted(new.items()):
        print(f"  {test}: {here or 'not run'} under the hook, {there or 'not run'} in plain CPython", file=sys.stderr)
    for test in sorted(known.keys() - different.keys()):
        print(f"  {test}: does not differ any more; differences.txt still says so", file=sys.stderr)
    passed = sum(end == "passed" for end in theirs.values())
    gone = len(known.keys() - different.keys())
    return {
        "name": suite.name,
        "about": suite.about,
        "tests": len(theirs),
        "passed": passed,
        "different": len(different),
        "accepted": len(different) - len(new),
        "new": new,
        "known": known,
        "wrong": len(new) + gone + (not theirs),
    }


def page(rows, python):
    """The page of a whole run."""
    lines = [
        "# Conformance",
        "",
        f"Upstream test suites under the hook and in plain CPython {python.version}, compared test by test. Written by",
        "`cargo xtask conformance`. For packages, the tests run as a pinned package, with another version loaded.",
        "",
        "| suite | versions | tests | pass in plain CPython | end differently | of them accepted |",
        "|---|---|---|---|---|---|",
    ]
    lines += ["| {name} | {about} | {tests:,} | {passed:,} | {different} | {accepted} |".format(**row) for row in rows]
    lines += ["", "## Differences", ""]
    for row in rows:
        for test, (here, there) in sorted(row["new"].items()):
            lines.append(f"- **{row['name']}** `{test}`: {here or 'not run'} under the hook, {there or 'not run'} in plain CPython")
        lines += [f"- {row['name']} `{test}`: {reason}" for test, reason in sorted(row["known"].items())]
    return "\n".join(lines if lines[-1] else [*lines, "None."]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
