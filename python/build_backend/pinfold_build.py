"""PEP 517 backend: builds the native programs, then hands over to maturin.

maturin puts one crate into a wheel; this package has the hook (a Python extension) and three programs. So the
programs are built first and left in maturin's data folder, whose `scripts/` ends up in the environment's
`bin/` (PEP 427). `CARGO` and `CARGO_TARGET_DIR` are honoured, and cargo's own output is shown.

Deliberately not here: anything that maturin does; and a source distribution, which would need the whole
workspace, not this folder alone.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import maturin
from maturin import (  # noqa: F401  (hooks that need nothing of ours)
    get_requires_for_build_editable,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

HERE = Path(__file__).resolve().parent.parent
SCRIPTS = HERE / "pinfold.data" / "scripts"
PROGRAMS = {"pinfold": "pinfold-cli", "abicheck": "abicheck", "wheelsplit": "wheelsplit"}

# maturin refuses every hook, metadata included, while its data folder is missing.
SCRIPTS.mkdir(parents=True, exist_ok=True)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _build_programs()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _build_programs()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def get_requires_for_build_sdist(config_settings=None):
    return []


def build_sdist(sdist_directory, config_settings=None):
    sys.exit(
        "error: could not make a source distribution of pinfold: its crates stand outside this folder\n"
        "hint: build a wheel instead, from a checkout: `pip wheel ./python`"
    )


def _build_programs():
    """Builds the programs and puts them where maturin takes scripts from."""
    cargo = os.environ.get("CARGO") or shutil.which("cargo")
    workspace = HERE.parent / "Cargo.toml"
    if cargo is None:
        sys.exit(
            "error: could not build pinfold: there is no `cargo` on PATH\n"
            "hint: install Rust 1.88 or newer, or name its cargo in the variable CARGO"
        )
    if not workspace.is_file():
        sys.exit(
            f"error: could not build pinfold: {workspace} is not there\n"
            "hint: install from a checkout of the whole project: `pip install ./python`"
        )
    command = [cargo, "build", "--release", "--locked", "--manifest-path", str(workspace)]
    for crate in PROGRAMS.values():
        command += ["--package", crate]
    print("+", " ".join(command), flush=True)
    done = subprocess.run(
        # The messages on stdout say where the programs are, whatever CARGO_TARGET_DIR or a configured
        # target makes of it; everything for people stays on stderr.
        [*command, "--message-format", "json-render-diagnostics"], stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f"error: could not build pinfold: cargo ended with exit code {done.returncode}; see above")
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    built = {Path(m["executable"]).name: m["executable"] for m in messages if m.get("executable")}
    for program in PROGRAMS:
        # Renamed into place, so that an install that runs beside this one never packs half a file.
        partial = SCRIPTS.parent / f".{program}.{os.getpid()}"
        shutil.copy2(built[program], partial)
        partial.replace(SCRIPTS / program)
