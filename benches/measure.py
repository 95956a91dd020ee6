"""Measuring: cases run in turns, so that a slow minute of the machine hits all of them; medians are compared.

Deliberately not here: a verdict. Nothing fails because it is slow.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Figure:
    """One row of the table: a median and its peer's, in seconds, from the same run."""

    name: str
    peer: str
    aim: str
    kind: str
    ours: float
    theirs: float

    @property
    def ratio(self):
        return self.ours / self.theirs

    def cells(self):
        difference = self.ours - self.theirs
        shown = [self.name, self.kind, time_text(self.ours), self.peer, time_text(self.theirs)]
        return [*shown, f"{self.ratio:.2f}x", ("+" if difference >= 0 else "-") + time_text(abs(difference)), self.aim]


HEADER = ["figure", "time", "pinfold", "peer", "peer's", "ratio", "difference", "aim"]


def time_text(seconds):
    """A time in the unit that leaves a readable number; of what is larger than a day, bytes."""
    if seconds > 86400:
        return f"{seconds / 2**20:.1f} MiB"
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-9:.1f} ns"


def command_times(command, *, env, cwd):
    """Wall and CPU seconds of one command and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(list(map(str, command)), env=env, cwd=cwd, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        shown = " ".join(map(str, command))
        sys.exit(f"error: could not measure: `{shown}` ended with {done.returncode}\n{done.stdout}{done.stderr}")
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return {"wall": wall, "CPU": cpu}


def python_times(python, statements, *, env, cwd):
    """CPU seconds of a fresh interpreter that runs these statements: of the whole process, of them alone."""
    code = f"import time; start = time.process_time()\n{statements}\nend = time.process_time()\n"
    code += "import sys; sys.stdout.write(repr(end - start))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(python), "-c", code], env=env, cwd=cwd, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"error: could not measure: {python} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    whole = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return {"CPU, process": whole, "CPU, imports": float(done.stdout)}


# `VmHWM` of the process itself: `ru_maxrss` counts the memory that it was forked with, too.
MEMORY = """
with open("/proc/self/status") as status:
    sizes = dict(line.split(":") for line in status)
print(*(int(sizes[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")))
"""


def memory(python, statements, *, env, cwd):
    """Bytes of resident memory of a fresh interpreter that has run these statements: then, and at most."""
    done = subprocess.run([str(python), "-c", statements + MEMORY], env=env, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: could not measure: {python} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    after, most = map(int, done.stdout.split())
    return {"memory": after, "memory, peak": most}


def interleaved(cases, rounds, label):
    """`{case: {kind: median}}` of `rounds` turns; a case is a function that returns `{kind: seconds}`.

    The first turn warms caches and is not counted.
    """
    samples = {name: [] for name in cases}
    for turn in range(rounds + 1):
        if sys.stderr.isatty():
            print(f"\r{label}: turn {turn} of {rounds} ", end="", file=sys.stderr, flush=True)
        for name, case in cases.items():
            times = case()
            if turn:
                samples[name].append(times)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return {
        name: {kind: statistics.median(sample[kind] for sample in taken) for kind in taken[0]}
        for name, taken in samples.items()
    }


def environment(**extra):
    """The environment of a measured command: nothing of the shell's Python settings."""
    mine = ("PYTHON", "VIRTUAL_ENV", "PINFOLD_DISABLE", "PINFOLD_AS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return kept | {name: str(value) for name, value in extra.items()}


def table(rows):
    """Aligned columns under a rule."""
    rows = [HEADER, *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
