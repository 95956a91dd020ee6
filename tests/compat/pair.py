"""One case: two environments that hold both versions, and two ordinary ones, with one version each, to compare with.

In the first environment both versions belong to pins, and the code that uses them does, too: root sees only a
package that hands it on. The old one is imported first. In the second the new one is root's own, and is imported
first, and root sees the code that uses the old one. Whatever the ordinary environment computes and loads must be computed
and loaded here.
"""

import json
import shutil
import signal
import subprocess
from dataclasses import dataclass

from cases import distribution
from frame.project import Environment, execute, synced
from frame.wheels import Wheels

from pathlib import Path

HERE = Path(__file__).parent
# How the names of the packages begin that are made here.
OURS = ("old-", "new-")


class Difference(Exception):
    """The two versions did not run together as each does alone."""


@dataclass
class Made:
    """The small package that uses one version."""

    which: str
    case: object
    wheel: Path
    # Of a package that hands on what the first one does.
    front: Path

    @property
    def name(self):
        return f"{self.which}-{self.case.name}".replace(".", "-").replace("_", "-").lower()

    @property
    def front_name(self):
        return f"{self.name}-front"

    @property
    def module(self):
        return self.name.replace("-", "_")

    @property
    def requires(self):
        return self.case.old if self.which == "old" else self.case.new

    @property
    def version(self):
        return self.case.versions[self.which == "new"]

    @property
    def at(self):
        return f"{self.name} @ file://{self.wheel}"

    @property
    def front_at(self):
        return f"{self.front_name} @ file://{self.front}"


def run(case, tools, python, folder):
    """Tries the case below `folder`, which is removed again; raises `Difference`, or AssertionError with a log."""
    folder = folder / f"{case.name}-{python.minor}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        old, new = (_package(which, case, python, folder) for which in ("old", "new"))
        pins = {made.front_name: [made.at, *made.requires] for made in (old, new)}
        apart = _project(tools, python, folder / "apart", [old.front_at, new.front_at], pins)
        mixed = _project(tools, python, folder / "mixed", [old.at, new.at, *new.requires], {old.name: old.requires})
        alone = {made.which: _alone(made, apart, tools, folder / f"{made.which}-alone") for made in (old, new)}
        for project, order, fronts in ((apart, (old, new), "_front"), (mixed, (new, old), "")):
            got = _drive(project, [made.module + fronts for made in order])
            for made in order:
                _compare(made, alone[made.which], got, made.module + fronts, Closure(project, made))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Closure:
    """The units that one of the packages was resolved with."""

    def __init__(self, project, made):
        self.where = project.folder.parent.name
        units = json.loads((project.venv / "closure.json").read_text())["units"]
        pins = [unit["pin"] for unit in units if unit["name"] in (made.name, made.front_name)]
        name = next((pin["closure"] for pin in pins if pin), "root")
        self.units = [unit for unit in units if name in unit["closures"] and not unit["name"].startswith(OURS)]
        self.others = [unit["path"] + "/" for unit in units if name not in unit["closures"] and self._has(unit["name"])]

    def _has(self, name):
        return any(unit["name"] == name for unit in self.units)

    def loaded(self, files):
        """Names of modules of these units, whatever package made them load; and those that are for it alone."""
        folders = {unit["path"] + "/": len(unit["closures"]) == 1 for unit in self.units}
        found = [(name, folders[folder]) for name in files for file in files[name] for folder in folders if file.startswith(folder)]
        return {name for name, _ in found}, {name for name, alone in found if alone}


def _package(which, case, python, folder):
    made = Made(which, case, Path(), Path())
    seen = (HERE / "seen.py").read_text().replace('DISTRIBUTION = ""', f"DISTRIBUTION = {case.name!r}")
    files = {f"{made.module}/__init__.py": case.source, f"{made.module}/seen.py": seen}
    requires = [distribution(requirement) for requirement in made.requires]
    wheels = Wheels(python, folder / "wheels")
    made.wheel = wheels.pure(made.name, "1", files, requires=requires)
    files = {
        f"{made.module}_front/__init__.py": f"from {made.module} import work",
        f"{made.module}_front/seen.py": f"from {made.module}.seen import seen",
    }
    made.front = wheels.pure(made.front_name, "1", files, requires=[made.name])
    return made


def _project(tools, python, folder, requires, pins):
    listed = lambda all: "[" + ", ".join(f'"{one}"' for one in all) + "]"  # noqa: E731
    tables = [f"[pins.{name}]\nrequires = {listed(requires)}\n" for name, requires in pins.items()]
    return synced(tools, python, folder, "\n".join([f"requires = {listed(requires)}", *tables]), {})


def _alone(made, project, tools, folder):
    """What the package computes and loads in an ordinary environment with the same distributions."""
    requirements = [f"{unit['name']}=={unit['version']}" for unit in Closure(project, made).units]
    where = {"env": tools.environment(), "cwd": folder.parent}
    uv = [tools.uv, "--quiet", "--no-config"]
    execute([*uv, "venv", "--python", project.interpreter.executable, folder], **where)
    install = [*uv, "pip", "install", "--no-deps", "--python", folder / "bin/python"]
    execute([*install, *requirements, made.wheel], **where)
    return _drive(Environment(tools, folder, folder), [made.module])


def _drive(environment, modules):
    where = f"{', then '.join(modules)} in `{environment.folder.parent.name}`"
    try:
        done = environment.run_python(HERE / "driver.py", *modules, check=False, env={"PYTHONHASHSEED": "0"})
    except subprocess.TimeoutExpired as timeout:
        raise Difference(f"{where}: hangs; it was ended after {timeout.timeout} seconds") from timeout
    if done.returncode:
        ended = signal.Signals(-done.returncode).name if done.returncode < 0 else f"exit code {done.returncode}"
        raise Difference(f"{where}: {ended}\n{done.stderr or done.stdout}")
    return json.loads(done.stdout.rstrip().rpartition("\n")[2])


def _compare(made, alone, together, module, closure):
    what = f"{made.name} in `{closure.where}`"
    mine, theirs = together["packages"][module], alone["packages"][made.module]
    if mine["version"] != made.version or theirs["version"] != made.version:
        raise Difference(f"{what} sees {mine['version']}, alone {theirs['version']}, not {made.version}")
    for number, (got, expected) in enumerate(zip(mine["results"], theirs["results"], strict=True), 1):
        if got != expected or not got:
            raise Difference(f"{what}, round {number}, computes {got}; alone it computes {expected}")
    wrong = [file for file in mine["sees"].values() if file.startswith(tuple(closure.others))]
    if wrong:
        raise Difference(f"{what} sees modules of another version: {wrong}")
    loaded, private = closure.loaded(together["loaded"])
    names = {name for name in alone["loaded"] if not name.startswith(made.module)}
    if names - loaded:
        raise Difference(f"{what} has not loaded what it loads alone: {sorted(names - loaded)}")
    # What both packages share, the other one may have asked for more of; and `.pth` files load at start what is
    # loaded here when it is asked for.
    more = private - names - set(alone["started"])
    if more:
        raise Difference(f"{what} has loaded what it does not load alone: {sorted(more)}")
