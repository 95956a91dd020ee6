"""What is replayed: a merged environment, made by uv alone, and the tracks of `pinfold update`.

The two policies of a merged environment try the same candidate, so there is one; which days it is in use is a matter
of counting. Deliberately not here: the days, and the counting.
"""

import json
import shutil
import tomllib
from datetime import date, timedelta
from pathlib import Path

from frame.project import Environment, Project, execute

HERE = Path(__file__).resolve().parent

MERGED = """\
[project]
name = "replayed"
version = "1"
requires-python = "=={minor}.*"
dependencies = {requires}

[tool.uv]
package = false
environments = ["sys_platform == 'linux' and platform_machine == 'x86_64' and implementation_name == 'cpython'"]
"""


def end(day):
    """The end of a day of UTC, as uv is told: what `pinfold update --exclude-newer DAY` means by it as well."""
    return f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"


def files(name):
    """What a project is made of: the gate, and its manifest."""
    return [*sorted((HERE / "gate").glob("*.py")), HERE / name / "pinfold.toml"]


def manifest(name):
    """What a project's manifest says."""
    return tomllib.loads((HERE / name / "pinfold.toml").read_text())


class Replayed:
    """A project in a folder of its own, with the gate's files; `gates` as in its manifest."""

    def __init__(self, tools, interpreter, name, folder):
        self.tools, self.interpreter, self.folder = tools, interpreter, folder
        folder.mkdir(parents=True, exist_ok=True)
        for file in files(name):
            shutil.copy(file, folder)
        said = manifest(name)
        self.requires = said["requires"]
        self.gates = {track: table["gate"] for track, table in said["tracks"].items()}

    def uv(self, *args, stdin=None):
        """Runs uv in the folder."""
        command = [self.tools.uv, *args, "--python", self.interpreter.executable]
        return execute(command, env=self.tools.environment(), cwd=self.folder, stdin=stdin)

    def failures(self, environment):
        """What fails in an environment, by track: the end of what its gate says."""
        failed = {}
        for track, gate in self.gates.items():
            result = environment.run_program(*gate, check=False, env={"VIRTUAL_ENV": environment.venv})
            if result.returncode != 0:
                failed[track] = result.stderr.strip()[-4000:] or f"exit code {result.returncode}"
        return failed


class Merged(Replayed):
    """One environment for all, resolved anew each day."""

    def __init__(self, *args):
        super().__init__(*args)
        text = MERGED.format(minor=self.interpreter.minor, requires=json.dumps(self.requires))
        (self.folder / "pyproject.toml").write_text(text)

    def resolve(self, day):
        """The versions of that day's lock."""
        self.uv("lock", "--upgrade", "--exclude-newer", end(day))
        packages = tomllib.loads((self.folder / "uv.lock").read_text())["package"]
        return {package["name"]: package["version"] for package in packages if package["name"] != "replayed"}

    def newest(self, day, names):
        """The newest version of each package, whatever the others ask for."""
        alone = ["--no-deps", "--no-build", "--no-header", "--no-annotate", "--exclude-newer", end(day), "-"]
        said = self.uv("pip", "compile", "--quiet", *alone, stdin="\n".join(sorted(names))).stdout
        return dict(line.split("==") for line in said.split())

    def play(self):
        """Makes the environment that was resolved last, and tries it."""
        self.uv("sync", "--frozen")
        return {"failed": self.failures(Environment(self.tools, self.folder, self.folder / ".venv"))}


class Tracks(Replayed):
    """The same packages, in the tracks of the manifest."""

    def play(self, day):
        """Updates, and tries what is in use then."""
        project = Project(self.tools, self.interpreter, self.folder)
        update = ["update", "--exclude-newer", day, "--python", self.interpreter.executable]
        said = project.pinfold(*update, "--output-format", "json").json
        lock = tomllib.loads((self.folder / "pinfold.lock").read_text())
        wheels = {unit["id"]: unit["wheel"] for unit in lock["unit"]}
        versions = {wheel["sha256"]: (wheel["name"], wheel["version"]) for wheel in lock["wheel"]}
        closures = {
            closure["name"]: dict(versions[wheels[unit]] for unit in closure["units"]) for closure in lock["closure"]
        }
        moved = {track["name"]: track["changes"] for track in said["tracks"] if track["changes"]}
        return {"closures": closures, "holds": lock.get("hold", []), "moved": moved, "failed": self.failures(project)}
