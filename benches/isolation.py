"""Isolating packages whose libraries have one SONAME, in `pinfold sync`, against copying the same files and against
looking at them with abicheck; and what it costs afterwards, against the same environment with `native = "shared"`.

All wheels are in the store, and the files warm in memory. What abicheck and the store keep of a look at an environment
is removed before each one that is measured. The time of isolating is that of a sync less that of one that shares.
PINFOLD_BENCH_LARGE="qt torch" adds the large ones (10 GB of disk) in one turn each.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from measure import Figure, command_times, interleaved
from places import HERE

ROUNDS = 7
H5PY = """python = "3.11"
requires = ["h5py==3.11.0", "netCDF4==1.7.1.post1", "numpy==1.26.4"]
[pins.h5py]
requires = ["numpy==1.26.4"]
[pins.netcdf4]
requires = ["numpy==1.26.4"]
"""
PROJECTS = HERE.parent / "tests" / "isolation"


def figures(sides):
    yield from _of("h5py beside netCDF4", sides, None, ROUNDS)
    yield from _of("two pyarrows", sides, "pyarrow", ROUNDS)
    for name in os.environ.get("PINFOLD_BENCH_LARGE", "").split():
        yield from _of(name, sides, name, 1)


def _of(name, sides, project, rounds):
    store, facts = sides.folder / "isolation-store", sides.folder / "isolation-facts"
    env = sides.env | {"PINFOLD_CACHE": str(store), "XDG_CACHE_HOME": str(facts)}
    stem = f"isolation-{name.replace(' ', '-')}"
    folders = {native: sides.folder / f"{stem}-{native}" for native in ("isolate", "shared")}

    def sync(native, *flags):
        command = [sides.programs / "pinfold", "sync", "--quiet", *flags]
        return command_times(command, env=env, cwd=folders[native])

    for native, folder in folders.items():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(PROJECTS / project, folder) if project else folder.mkdir(parents=True)
        text = (folder / "pinfold.toml").read_text() if project else H5PY
        text = re.sub(r"^\[pins\..*\]$", rf'\g<0>\nnative = "{native}"', text, flags=re.MULTILINE)
        (folder / "pinfold.toml").write_text(text)
        sync(native)

    def anew(native):
        _remove(folders[native] / ".pinfold")
        (folders[native] / ".venv").unlink(missing_ok=True)
        return sync(native, "--frozen", "--offline")

    def isolating():
        for folder in (store / "isolated", store / "verdicts", facts):
            _remove(folder)
        return anew("isolate")

    isolating()
    copies = list(_copies(store / "isolated"))
    copied = sides.folder / "isolation-copied"

    def copying():
        _remove(copied)
        copied.mkdir()
        return command_times(["cp", "-a", "--parents", *(original for _, original in copies), copied], env=env, cwd="/")

    def looking():
        _remove(facts)
        look = [sides.programs / "abicheck", "--no-config", "--quiet", ".venv"]
        # 1: it finds what isolating mends.
        return command_times(["sh", "-c", '"$@"; test $? = 1', "sh", *look], env=env, cwd=folders["shared"])

    cases = {
        "isolating": isolating,
        "isolated": lambda: anew("isolate"),
        "shared": lambda: anew("shared"),
        "isolated, again": lambda: sync("isolate", "--offline"),
        "shared, again": lambda: sync("shared", "--offline"),
        "copying": copying,
        "looking": looking,
    }
    medians = interleaved(cases, rounds, name)
    _remove(copied)
    label = f"isolate {name}: {len(copies)} files"
    for kind in ("wall", "CPU"):
        alone = medians["isolating"][kind] - medians["shared"][kind]
        yield Figure(label, "cp -a of them", "", kind, alone, medians["copying"][kind])
        yield Figure(label, "abicheck, sharing", "", kind, alone, medians["looking"][kind])
    sizes = [sum(Path(pair[side]).stat().st_size for pair in copies) for side in (0, 1)]
    yield Figure(label, "their originals", "", "bytes", *sizes)
    for what, suffix in (("another environment with these copies", ""), ("a second sync", ", again")):
        mine, shared = medians["isolated" + suffix], medians["shared" + suffix]
        for kind in ("wall", "CPU"):
            yield Figure(f"{what}, {name}", 'native = "shared"', "1x", kind, mine[kind], shared[kind])


def _copies(folder):
    """Each copy in a folder of the store, with its original."""
    for record in folder.glob("*/isolated.json"):
        for copy in json.loads(record.read_text())["copies"]:
            # Originals are named from the store on.
            yield record.parent / "site-packages" / copy["path"], str(folder.parent / copy["original"])


def _remove(folder):
    """Removes a folder, read-only as those of a store are; nothing where there is none."""
    if folder.exists():
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        shutil.rmtree(folder)
