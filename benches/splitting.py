"""What a change costs where a C extension takes long to compile: with the wheel split, by Pinfold's own engine and by Nix.

Builds of one package up to its check: the first, one after another version of what it depends on at run time, and ones
after a build tool that makes the same. Each is measured once; what is compared is the first build of the same run.
Deliberately not here: whether anything is right; `tests/nix.rs` and `pinfold-cli`'s tests look at that.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import generated
from measure import Figure, command_times, environment

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
# What a sandbox shows of this machine: nix/mini.nix builds with its tools.
HOST = "/bin /usr /lib /lib64 /etc/alternatives"
# Compiling shall take so long at least.
SECONDS = 45
SAMPLE = 60
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


def figures(sides):
    if shutil.which("nix-build") is None:
        sys.exit("error: could not measure the split: there is no Nix\nhint: as root, on Debian: apt-get install nix-bin")
    functions = calibrate(sides.folder)
    yield from embedded(sides, functions)
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


def embedded(sides, functions):
    """The rows of `pinfold build`: a slow extension built with a tool of our own, and one that is built with it."""
    project = Project(sides, functions)
    project.folder("tool", {"tool.py": "MADE = 1\n", "NOTES": "first\n"})
    # What uv has to fetch is the same in all of them.
    project.manifest("1.0", "tool")
    project.build()
    project.extension("slow")
    project.manifest("1.0", "slow")
    first = project.build()
    project.manifest("2.0", "slow")
    bumped = project.build(ran={"slow check"})
    yield Figure("pinfold build: another version of a runtime dependency", "the first build", "0.05x", "wall", bumped, first)
    project.folder("tool", {"NOTES": "second\n"})
    same = project.build(ran={"tool build"})
    yield Figure("pinfold build: a build tool whose wheel comes out the same", "the first build", "", "wall", same, first)
    project.extension("upper")
    project.manifest("2.0", "slow", "upper")
    both = first + project.build()
    project.folder("tool", {"tool.py": "MADE = 2\n"})
    made = project.build(ran={"tool build", "slow build"})
    name = "pinfold build: another build tool that makes the same wheel, with which a second extension is built"
    yield Figure(name, "the first build of the two", "", "wall", made, both)


def calibrate(folder):
    """How many functions take long enough to compile on this machine."""
    place = folder / "calibrate"
    place.mkdir(parents=True, exist_ok=True)
    generator = HERE / "splitting" / "slow" / "generate.py"
    subprocess.run([sys.executable, generator, str(SAMPLE), place / "sample.c"], check=True)
    # Its own time: another load on the machine must not make the extension smaller.
    taken = command_times(["cc", "-O3", "-c", "-o", "sample.o", "sample.c"], env=environment(), cwd=place)["CPU"]
    return max(SAMPLE, round(SAMPLE * SECONDS / taken))


class Project:
    """A project whose packages are folders, and a store that is empty at first."""

    def __init__(self, sides, functions):
        self.place, self.program = sides.folder / "embedded", sides.programs / "pinfold"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        self.env = sides.env | {"PINFOLD_CACHE": str(sides.folder / "embedded-store"), "FUNCTIONS": str(functions)}
        # A store's files are read-only, its folders are ours.
        shutil.rmtree(self.env["PINFOLD_CACHE"], ignore_errors=True)

    def folder(self, name, files):
        """A package of one module, with these files among its own."""
        place = self.place / name
        place.mkdir(exist_ok=True)
        head = f'[project]\nname = "{name}"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["{name}"]\n'
        (place / "pyproject.toml").write_text(head + SETUPTOOLS)
        for file, text in files.items():
            (place / file).write_text(text)

    def extension(self, name):
        """The slow extension, under this name."""
        shutil.copytree(HERE / "splitting" / "slow", self.place / name)
        for file in ("setup.py", "slow.c"):
            text = (self.place / name / file).read_text()
            text = text.replace('"slow"', f'"{name}"').replace("PyInit_slow", f"PyInit_{name}")
            (self.place / name / file).write_text(text)

    def manifest(self, leaf, *names):
        """Requires these folders and `leaf` of this version; `slow` is built with our tool, `upper` with `slow`."""
        wheel = generated.wheel(self.place, "leaf", {"leaf.py": f"VERSION = {leaf!r}\n"}, leaf)
        lines = [f"requires = {[f'{name} @ ./{name}' for name in names] + [f'leaf @ ./{wheel.name}']}"]
        for name, tool in (("slow", "tool"), ("upper", "slow")):
            if name in names:
                lines += [f"[builds.{name}]", f"requires = ['{tool} @ ./{tool}']", "env = ['FUNCTIONS']"]
                check = ["python", "-c", f"import leaf, {name}; {name}.call()"]
                lines += [f"[checks.{name}]", f"command = {check}", "requires = []"]
        (self.place / "pinfold.toml").write_text("\n".join(lines) + "\n")

    def build(self, ran=None):
        """Wall seconds of one build, of which just these steps ran."""
        command = [self.program, "build", "--python", sys._base_executable, "--output-format", "json"]
        start = time.perf_counter()
        done = subprocess.run(list(map(str, command)), cwd=self.place, env=self.env, capture_output=True, text=True)
        taken = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"error: could not measure: pinfold build ended with {done.returncode}\n{done.stderr}")
        steps = {f"{step['package']} {step['step']}" for step in json.loads(done.stdout)["steps"] if step["ran"]}
        if ran is not None and steps != ran:
            sys.exit(f"error: could not measure: {sorted(steps)} ran, and should have been {sorted(ran)}")
        return taken


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
