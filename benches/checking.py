"""abicheck over a scientific environment, against `ldd` and `libtree` over the same files; and how its time grows.

The peers look at ELF files alone, so that abicheck's time beside theirs is without the reading of Python code, which
has rows of its own: `abicheck -v` says what each phase took. All files are warm in memory.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from generated import native_packages
from measure import Figure, interleaved

ROUNDS = 11
# Pinned, so that a difference is one of abicheck and not of a release.
REQUIREMENTS = """
cloudpickle==3.1.2 contourpy==1.3.3 cycler==0.12.1 fonttools==4.68.0 joblib==1.6.0 kiwisolver==1.5.1 matplotlib==3.11.2
narwhals==2.29.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 packaging==26.3 pandas==3.1.1 pillow==13.0.0
pyarrow==26.0.1 pyparsing==3.3.3 python-dateutil==4.0.0 scikit-learn==1.9.1 scipy==1.17.1 threadpoolctl==3.8.0
tzdata==2026.6
""".split()
PYTHON = "reading Python code"
MOST_MEMORY = 300e6
SIZES = (50, 500)


def figures(sides):
    venv = sides.folder / "venv-abicheck"
    sides.new_venv(venv)
    sides.call(sides.uv("pip", "install", "--quiet", "--no-deps", "--python", venv, *REQUIREMENTS), sides.folder)
    files = sorted(str(path) for path in venv.rglob("*.so*") if _is_elf(path))
    program = sides.programs / "abicheck"
    # Apart, because a machine is slower for a while after two seconds of `ldd` than after a hundredth of `libtree`.
    long = {
        "anew": lambda: _checked(sides, [program, venv, "--no-cache"]),
        "ldd": lambda: _timed(["ldd", *files], sides),
    }
    short = {
        "kept": lambda: _checked(sides, [program, venv]),
        "libtree": lambda: _timed(["libtree", *files], sides),
        "libtree -vv": lambda: _timed(["libtree", "-vv", *files], sides),
    }
    medians = interleaved(long, ROUNDS, "abicheck, nothing kept") | interleaved(short, ROUNDS, "abicheck, facts kept")
    anew, kept = medians["anew"], medians["kept"]
    label = f"abicheck, {len(REQUIREMENTS)} packages, {len(files)} ELF files"
    for kind in ("but Python", "wall", "CPU"):
        peer = "wall" if kind == "but Python" else kind
        aimed = kind == "but Python"
        yield Figure(f"{label}, nothing kept", "ldd", "0.25x" if aimed else "", kind, anew[kind], medians["ldd"][peer])
        yield Figure(f"{label}, facts kept", "libtree", "2x" if aimed else "", kind, kept[kind], medians["libtree"][peer])
        yield Figure(f"{label}, facts kept", "libtree -vv", "", kind, kept[kind], medians["libtree -vv"][peer])
    yield Figure("reading the Python code, kept", "first", "", "wall", kept["Python"], anew["Python"])
    yield Figure(f"{label}, nothing kept", "the limit", "1x", "memory, peak", anew["memory"], MOST_MEMORY)
    yield Figure(f"{label}, facts kept", "the limit", "1x", "memory, peak", kept["memory"], MOST_MEMORY)
    yield from _growth(sides, program)


def _growth(sides, program):
    made = native_packages(sides.folder / "native", SIZES[-1])
    cases = {}
    for size in SIZES:
        venv = sides.folder / f"venv-native-{size}"
        sides.new_venv(venv)
        site = next((venv / "lib").glob("python3*/site-packages"))
        for package in made[:size]:
            for path in (path for path in package.rglob("*") if path.is_file()):
                place = site / path.relative_to(package)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, place)
        cases[size] = lambda venv=venv: _checked(sides, [program, venv])
    medians = interleaved(cases, ROUNDS, "abicheck, growth")
    small, large = SIZES
    for kind in ("wall", "CPU"):
        label = f"abicheck, {large} packages with extension modules"
        yield Figure(label, f"{small} of them", f"{large // small}x", kind, medians[large][kind], medians[small][kind])


def _is_elf(path):
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _checked(sides, command):
    """As `_timed`; also what the reading of Python code took, and all but that."""
    command = [*command, "--no-config", "--verbose", "--output-format", "json"]
    times = _timed(command, sides, codes=(0, 1))
    said = re.search(rf"{PYTHON} ([0-9.]+) ms", times["stderr"])
    if not said:
        sys.exit(f"error: could not measure: `{program_line(command)}` does not say what its phases took\n{times['stderr']}")
    python = float(said[1]) / 1000
    return {**times, "Python": python, "but Python": times["wall"] - python}


def _timed(command, sides, codes=range(256)):
    """Wall and CPU seconds and the peak memory of a command, which may say by its exit code what it found."""
    env = sides.env | {"XDG_CACHE_HOME": str(sides.folder / "abicheck-cache")}
    start = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    stderr = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        sys.exit(f"error: could not measure: `{program_line(command)}` ended with {process.returncode}\n{stderr}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "CPU": cpu, "memory": usage.ru_maxrss * 1024, "stderr": stderr}


def program_line(command):
    return " ".join(map(str, command))
