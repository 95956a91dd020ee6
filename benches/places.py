"""The two sides of every figure: a project made by pinfold, and the same wheels in a venv made by uv.

Deliberately not here: measuring.
"""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from measure import environment

HERE = Path(__file__).resolve().parent


@dataclass
class Sides:
    """Makes both sides below one folder; their caches stand there too, so that hard links are possible."""

    folder: Path
    programs: Path

    @property
    def env(self):
        return environment(UV_CACHE_DIR=self.folder / "uv-cache", UV_LINK_MODE="hardlink", NO_COLOR=1)

    def packages(self, count):
        """The first `count` packages of packages.txt, as requirements."""
        lines = (HERE / "packages.txt").read_text().splitlines()
        return [line for line in lines if line and not line.startswith("#")][:count]

    def project(self, requirements, name=None):
        """A synced project with these requirements, and the requirements that its lock has in the end."""
        folder = self.folder / f"project-{name or len(requirements)}"
        folder.mkdir(parents=True, exist_ok=True)
        quoted = "".join(f'    "{requirement}",\n' for requirement in requirements)
        (folder / "pinfold.toml").write_text(f"requires = [\n{quoted}]\n")
        self.call([self.programs / "pinfold", "sync", "--python", sys._base_executable], folder)
        lock = tomllib.loads((folder / "pinfold.lock").read_text())
        return folder, sorted(f"{wheel['name']}=={wheel['version']}" for wheel in lock["wheel"])

    def local(self, wheel):
        """A wheel made here, as a requirement."""
        return f"{wheel.name.split('-')[0]} @ file://{wheel}"

    def both(self, label, requirements, install=True):
        """A synced environment and a venv with the same wheels, compiled; the folders of both."""
        name = "".join(c if c.isalnum() else "-" for c in label)
        project, locked = self.project(requirements, name)
        venv = self.folder / f"venv-{name}"
        self.new_venv(venv)
        if install:
            listed = self.folder / f"requirements-{name}.txt"
            there = {requirement.split(" ")[0]: requirement for requirement in requirements if "@" in requirement}
            lines = [there.get(requirement.split("==")[0], requirement) for requirement in locked]
            listed.write_text("\n".join(lines) + "\n")
            self.call(self.install(venv, listed, "--quiet", "--compile-bytecode"), self.folder)
        return project / ".venv", venv

    def uv(self, *arguments):
        """A command line of uv, without the user's settings."""
        return [self.programs / "uv", "--no-config", *arguments]

    def new_venv(self, venv):
        """An empty virtual environment in place of whatever is there."""
        self.call(self.uv("venv", "--quiet", "--clear", "--python", sys._base_executable, venv), self.folder)

    def install(self, venv, requirements_file, *flags):
        """uv's command line that fills a venv with exactly these wheels."""
        command = self.uv("pip", "install", "--no-deps", *flags, "--python", venv / "bin" / "python")
        return [*command, "--requirement", requirements_file]

    def call(self, command, folder):
        """Runs a command that is not measured."""
        done = subprocess.run(list(map(str, command)), env=self.env, cwd=folder)
        if done.returncode:
            sys.exit(f"error: `{' '.join(map(str, command))}` ended with exit code {done.returncode}")
