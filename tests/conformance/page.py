"""docs/conformance.md, from the rows of a whole run.

Deliberately not here: running anything.
"""

from collections import Counter

HEAD = """# Conformance

Upstream test suites under the hook and in plain CPython, compared test by test. A package's tests run as a package
with a pin, with another version of it loaded by root, or the other way round; CPython's own run with the hook active and
no pins. Written by `cargo xtask conformance`, on {versions}; with `--resume`, rows may be of several runs.
What is run is in `tests/conformance/suites.py`. Left out are tests that are marked slow, and in `test_atexit` and
`test_threading` those whose C code makes sub-interpreters, which ends the process (limits.md).

A test is the *same* if it ends alike on both sides: passed, failed, skipped, failed as expected. *Accepted* are
differences with a reason below. *Unsteady* are tests that differed once and ended alike when they were run again
alone, on both sides.
"""

TABLE = """
| suite | what | Python | tests | pass in plain | same | accepted | unsteady | differ |
|---|---|---|---|---|---|---|---|---|"""


def page(rows, pythons):
    lines = [HEAD.format(versions=", ".join(python.version for python in pythons)), TABLE.strip()]
    lines += [
        f"| {row.suite} | {row.about} | {row.python} | {row.tests:,} | {row.passed:,} | {row.same:,} "
        f"| {len(row.accepted)} | {len(row.unsteady)} | {len(row.new)} |"
        for row in rows
    ]
    tests, same = sum(row.tests for row in rows), sum(row.same for row in rows)
    lines += ["", f"Together {tests:,} tests, of which {same:,} end the same.", "", "## Accepted, and why", ""]
    lines += _accepted(rows) or ["None."]
    lines += ["", "## Unsteady", ""]
    lines += [f"- {row.suite}, {row.python}: `{test}`" for row in rows for test in row.unsteady] or ["None."]
    lines += ["", "## Different", ""]
    lines += [
        f"- {row.suite}, {row.python}: `{test}`: {here} under the hook, {there} in plain CPython"
        for row in rows
        for test, (here, there, _) in row.new.items()
    ] or ["None."]
    return "\n".join(lines) + "\n"


def _accepted(rows):
    """One line for each suite and reason, with its tests."""
    groups = {}
    for row in rows:
        for test, reason in row.accepted.items():
            groups.setdefault((row.suite, reason), Counter())[test] += 1
    lines = []
    for (suite, reason), tests in groups.items():
        shown = ", ".join(f"`{test.rpartition('::')[2].rpartition('.')[2] or test}`" for test in list(tests)[:6])
        more = f" and {len(tests) - 6} more" if len(tests) > 6 else ""
        lines.append(f"- **{suite}**: {reason}. {len(tests)} tests: {shown}{more}")
    return lines
