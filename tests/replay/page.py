"""The page `docs/replay.md`, and its table.

Deliberately not here: counting.
"""

from counting import ALWAYS, TRACKS, WHOLE

# What did not fit together in those weeks; everything else is another package.
CAUSE = {"numpy", "onnxruntime"}

INTRODUCTION = """\
# A summer of updates: three policies on real history

numpy 2.0 was released on 2024-06-16. The newest onnxruntime of that day accepted any numpy by its metadata, and could
not be imported beside numpy 2. Written by `cargo xtask replay`, on Python {python}, x86-64 Linux: a project with {count}
requirements ([its manifest](../tests/replay/full/pinfold.toml)) is updated on each day from {first} to {last}, on the
index as it was at the end of that day (`--exclude-newer`).
"""

EXPLANATION = """\
- **{whole}**: one environment, `uv lock --upgrade` and `uv sync`; it moves if all gates pass in the candidate.
- **{always}**: the same environment, without a gate.
- **{tracks}**: `pinfold update`, with pandas, scikit-learn and matplotlib in one track, onnxruntime in another, and the
  rest in `main`. Each track's gate is the gate of the other policies, too:
  [it computes something with every package](../tests/replay/gate/gate.py), in the real environment.

**Blocked** is a package on a day if the version in use is older than the one in that day's resolution of everything, or
than a candidate that a hold names; other packages are all but numpy and onnxruntime. A **lag** counts such days in a
row. **Behind the index** counts the days for which there had been any newer release that the Python can use, whether or
not the others accept it.
"""

NOTES = """\
## What it does not show

- On {unchanged} of the {days} days, neither the resolution nor the newest release of any of the packages differs from the
  day before. Nothing runs on them, and they count as the day before.
- The index of a day is the one of today without what was uploaded later: what was withdrawn (yanked) since then is
  not there, though it was.
- The candidate of the two merged policies is the same, so it is made and tried once.
- Nobody intervenes. A person who writes `numpy<2` into the manifest on 2024-06-16 ends the trouble of both merged
  policies, and keeps numpy 1 for all packages until the line is taken out.
- Tracks have two numpys in one process from 2024-06-16 to 2024-08-14: more memory, and between pandas and onnxruntime
  [only plain values may cross](when-not-to-pin.md), as they do in the gate of `main`.
- Gates of this project try few functions of each package, and `abicheck` and `pinfold check` are part of the third
  policy only.

`cargo xtask replay` keeps each day in `target/replay/` and goes on where it was ended; with `--first`, `--last` and
`--project small` it plays other days or a smaller project. The tests play three days of the small one.
"""


def table(found, records):
    """A row for each policy."""
    closures = {closure for _, closure in found[TRACKS].lag}
    users = [("pandas", "science"), ("onnxruntime", "inference")]
    users = [(user, closure) for user, closure in users if closure in closures]
    head = [
        "",
        "days on which the gate fails in use",
        "days on which other packages were blocked",
        "largest lag of another package",
        "largest lag of numpy or onnxruntime",
        *(f"the numpy of {user} behind the index" for user, _ in users),
    ]
    rows = []
    for policy in (WHOLE, ALWAYS, TRACKS):
        figures = found[policy]
        others, cause = (
            figures.longest(records, lambda name, own=own: (name in CAUSE) == own) for own in (False, True)
        )
        lags = [figures.lag["numpy", closure if policy == TRACKS else ""] for _, closure in users]
        counts = [str(len(figures.failed)), str(len(figures.blocked(CAUSE)))]
        longest = [f"{in_days(count)} ({name})" if count else "none" for count, name in (others, cause)]
        rows.append([policy, *counts, *longest, *(in_days(lag) if lag else "never" for lag in lags)])
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def in_days(count):
    """A number of days in words."""
    return "1 day" if count == 1 else f"{count} days"


def page(found, records, interpreter, requires):
    """The page of a whole run."""
    days = list(records)
    first = INTRODUCTION.format(python=interpreter.version, count=len(requires), first=days[0], last=days[-1])
    parts = [
        first,
        table(found, records) + "\n",
        EXPLANATION.format(whole=WHOLE, always=ALWAYS, tracks=TRACKS),
        "## What happened\n",
        *story(found, records),
        NOTES.format(unchanged=sum(not record["ran"] for record in records.values()), days=len(days)),
    ]
    return "\n".join(parts)


def story(found, records):
    """What failed, what was blocked, what was held, each with its days."""
    broken = {day: record["merged"]["failed"] for day, record in records.items()}
    for days, failed in spans(broken):
        tracks = ", ".join(f"`{track}`" for track in failed)
        for said in sorted({complaint(said) for said in failed.values()}):
            yield f"- {days}: in the merged candidate, the gate fails ({tracks}): {said}"
    blocked = {day: sorted(found[WHOLE].behind.get(day, ())) for day in records}
    for days, names in spans(blocked):
        yield f"- {days}: the environment that moves whole waits with {', '.join(names)}"
    holds = {
        day: [(hold["track"], hold["reason"], tuple(hold.get("candidate", ()))) for hold in record["tracks"]["holds"]]
        for day, record in records.items()
    }
    for days, held in spans(holds):
        for track, reason, candidate in held:
            yield f"- {days}: track `{track}` is held ({', '.join(candidate)}): {reason}"
    yield ""


def spans(by_day):
    """`(days in words, value)` for each run of days of one value, without those that have none."""
    runs = []
    for day, value in by_day.items():
        if runs and runs[-1][1] == value:
            runs[-1][0].append(day)
        else:
            runs.append(([day], value))
    for days, value in runs:
        if value:
            yield (days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"), value


def complaint(said):
    """The first and the last line of what a gate said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else f"\"{lines[0]}\" ... `{lines[-1]}`"

