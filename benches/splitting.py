"""What a change costs where a C extension takes long to compile: with the wheel split, by Nix, without nixpkgs.

Three builds of one package up to its check: the first, one after another version of what it depends on at run time,
and one after a build tool that makes the same. Each is measured once; what is compared is the first build of the same
run. Deliberately not here: whether anything is right; `tests/nix.rs` looks at that.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from measure import Figure, command_times, environment

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
# What a sandbox shows of this machine: nix/mini.nix builds with its tools.
HOST = "/bin /usr /lib /lib64 /etc/alternatives"
# Compiling shall take so long at least.
SECONDS = 45
SAMPLE = 60


def figures(sides):
    if shutil.which("nix-build") is None:
        sys.exit("error: could not measure the split: there is no Nix\nhint: as root, on Debian: apt-get install nix-bin")
    functions = calibrate(sides.folder)
    for addressed in (False, True):
        store = Store(sides, "content" if addressed else "input")
        mode = f"Nix, {store.name}-addressed"
        arguments = {"functions": functions, "contentAddressed": addressed}
        # Programs and what else is the same in all three.
        store.build("leaf", arguments)
        first = store.build("check", arguments)
        bumped = store.build("check", arguments | {"leafVersion": '"2.0"'})
        rebuilt = store.build("check", arguments | {"salt": '"another"'})
        store.remove()
        yield Figure(f"{mode}: another version of a runtime dependency", "the first build", "0.05x", "wall", bumped, first)
        yield Figure(f"{mode}: a build tool that makes the same", "the first build", "", "wall", rebuilt, first)


def calibrate(folder):
    """How many functions take long enough to compile on this machine."""
    place = folder / "calibrate"
    place.mkdir(parents=True, exist_ok=True)
    generator = HERE / "splitting" / "slow" / "generate.py"
    subprocess.run([sys.executable, generator, str(SAMPLE), place / "sample.c"], check=True)
    # Its own time: another load on the machine must not make the extension smaller.
    taken = command_times(["cc", "-O3", "-c", "-o", "sample.o", "sample.c"], env=environment(), cwd=place)["CPU"]
    return max(SAMPLE, round(SAMPLE * SECONDS / taken))


class Store:
    """A Nix store of its own, empty at first."""

    def __init__(self, sides, name):
        self.name, self.folder, self.installed = name, sides.folder / f"nix-{name}", sides.programs.parent
        self.remove()
        self.folder.mkdir(parents=True)
        settings = f"substitute = false\nexperimental-features = nix-command ca-derivations\nsandbox = true\nsandbox-paths = {HOST}\nbuild-users-group ="
        folders = {"STORE_DIR": "store", "STATE_DIR": "var", "LOG_DIR": "log"}
        self.env = environment(NIX_CONFIG=settings, **{f"NIX_{name}": self.folder / inner for name, inner in folders.items()})
        self.env.pop("NIX_REMOTE", None)

    def build(self, attribute, arguments):
        """Wall seconds of one build."""
        command = ["nix-build", HERE / "splitting.nix", "-A", attribute, "--no-out-link", "--arg", "pinfold", self.installed]
        for name, value in arguments.items():
            command += ["--arg", name, str(value).lower() if isinstance(value, bool) else str(value)]
        start = time.perf_counter()
        done = subprocess.run(list(map(str, command)), env=self.env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"error: could not measure: nix-build ended with {done.returncode}\n{done.stderr}")
        return time.perf_counter() - start

    def remove(self):
        for path in [self.folder, *self.folder.rglob("*")] if self.folder.exists() else []:
            if path.is_dir() and not path.is_symlink():
                os.chmod(path, 0o755)
        shutil.rmtree(self.folder, ignore_errors=True)
