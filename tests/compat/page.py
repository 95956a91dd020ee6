"""The page `docs/compatibility.md`, and the table in the terminal.

Deliberately not here: trying anything, or judging it.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Outcome:
    """How a case ended: `wrong` is empty, or says what differed."""

    case: object
    wrong: str
    log: Path

    @property
    def works(self):
        return not self.wrong

    @property
    def as_expected(self):
        return self.works == (not self.case.fails)

    @property
    def said(self):
        if self.works:
            return "together" if not self.case.fails else "together, which the table does not expect"
        return ("as expected: " if self.case.fails else "NOT together: ") + self.wrong


def table(outcomes):
    """For the terminal."""
    rows = [(o.case.name, *o.case.versions, "together" if o.works else "NOT together") for o in outcomes]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def page(outcomes, found):
    """The page of a whole run."""
    works = sum(outcome.works for outcome in outcomes)
    used = sorted({found[outcome.case.python].version for outcome in outcomes if outcome.case.python in found})
    lines = [
        "# Compatibility",
        "",
        "Two versions of a distribution in one process, each used by a small package of its own, in turn. Written by",
        f"`cargo xtask compat` on Python {', '.join(used)}, x86-64 Linux: **{works} of {len(outcomes)} run together.**",
        "",
        "Each pair runs in two environments: once with both versions in pins, used by code that root does not see, the",
        "old one imported first; once with the new one as root's own and imported first, used by code that root sees.",
        "Three rounds, old and new in turn. It counts as running together if each package computes the same as in an",
        "ordinary virtual environment with the same distributions, sees its own version in `importlib.metadata`, and has",
        "loaded exactly the modules that it loads there, each from its own closure. The code is in",
        "[tests/compat/packages](../tests/compat/packages), one file each.",
        "",
        "| distribution | old | new | compiled code | Python | together | what is done with each |",
        "|---|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        case = outcome.case
        verdict = "yes" if outcome.works else "**no**"
        lines.append(f"| {case.name} | {' | '.join(case.versions)} | {case.code} | {case.python} | {verdict} | {case.does} |")
    failed = [outcome for outcome in outcomes if not outcome.works]
    lines += ["", "## What does not run together", ""]
    lines += [said(o) for o in failed] or ["Nothing of the above."]
    return "\n".join(lines) + "\n"


def said(outcome):
    """What a user is told of two versions that do not run together."""
    case = outcome.case
    return f"- **{case.name} {' and '.join(case.versions)}**, Python {case.python}: {case.fails or outcome.wrong}"
