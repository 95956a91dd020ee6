"""Projects made with the programs under test, and their peers made with uv; each runs code in a subprocess.

A project is made once for each manifest, files and Python, also when several workers ask at the same time.
"""

import fcntl
import hashlib
import json
import os
import shlex
import subprocess
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Longer than any case; a case that hangs must end the run with its output, not CI's patience.
TIMEOUT = 600


@dataclass(frozen=True)
class Tools:
    """The programs under test, and the store that they share."""

    pinfold: Path
    uv: str
    store: Path

    def environment(self, extra=None):
        """The environment of a subprocess: nothing of the shell's Python settings, nothing of pytest's."""
        mine = ("PYTHON", "PINFOLD", "PYTEST", "VIRTUAL_ENV", "__PYVENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        kept |= {"PINFOLD_CACHE": str(self.store), "NO_COLOR": "1"}
        if "PINFOLD_PACKAGE" in os.environ:
            kept["PINFOLD_PACKAGE"] = os.environ["PINFOLD_PACKAGE"]
        return kept | {name: str(value) for name, value in (extra or {}).items()}


@dataclass(frozen=True)
class Result:
    """How a subprocess ended."""

    command: list
    returncode: int
    stdout: str
    stderr: str

    def __str__(self):
        shown = shlex.join(map(str, self.command))
        return f"{shown}\nended with {self.returncode}\n-- stdout\n{self.stdout}\n-- stderr\n{self.stderr}"

    @property
    def json(self):
        """stdout, read as JSON."""
        return json.loads(self.stdout)


def execute(command, *, env, cwd, check=True, stdin=None, timeout=TIMEOUT):
    """Runs a command; with `check`, anything but exit code 0 fails the test and shows all of the output."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=env, cwd=cwd, timeout=timeout, input=stdin or ""
    )
    result = Result(list(command), done.returncode, done.stdout, done.stderr)
    assert not check or result.returncode == 0, str(result)
    return result


class Environment:
    """An environment that can run Python code: a pinfold project's, or the peer made by uv."""

    def __init__(self, tools, folder, venv):
        self.tools, self.folder, self.venv = tools, Path(folder), Path(venv)
        self.python = self.venv / "bin" / "python"

    def run(self, code, *args, env=None, flags=(), check=True, stdin=None, cwd=None):
        """Runs a snippet with `python -c`; `flags` are the interpreter's own (`-I`)."""
        return self.run_python(*flags, "-c", textwrap.dedent(code), *args, env=env, check=check, stdin=stdin, cwd=cwd)

    def run_python(self, *args, env=None, check=True, stdin=None, cwd=None):
        """Runs the environment's interpreter with these arguments."""
        return self.run_program("python", *args, env=env, check=check, stdin=stdin, cwd=cwd)

    def run_program(self, name, *args, env=None, check=True, stdin=None, cwd=None):
        """Runs a program of the environment's `bin/`."""
        environment = self.tools.environment(env)
        command = [self.venv / "bin" / name, *args]
        return execute(command, env=environment, cwd=cwd or self.folder, check=check, stdin=stdin)


class Project(Environment):
    """A pinfold project: `.folder`, `.python`, `.run(code)`, `.pinfold("tree")`."""

    def __init__(self, tools, interpreter, folder):
        super().__init__(tools, folder, Path(folder) / ".venv")
        self.interpreter = interpreter

    def pinfold(self, *args, env=None, check=True, cwd=None):
        """Runs the program under test in the project's folder."""
        environment = self.tools.environment(env)
        return execute([self.tools.pinfold, *args], env=environment, cwd=cwd or self.folder, check=check)

    def sync(self, *args, env=None, check=True):
        """`pinfold sync` with this run's Python."""
        return self.pinfold("sync", "--python", self.interpreter.executable, *args, env=env, check=check)


def synced(tools, interpreter, parent, manifest, files, sync=True):
    """The project with this manifest and these files (text, bytes, or a path to copy), below `parent`."""
    manifest = textwrap.dedent(manifest).lstrip()
    contents = {name: _bytes(content) for name, content in {**files, "pinfold.toml": manifest}.items()}
    key = _key(interpreter.executable, *(part for item in sorted(contents.items()) for part in item))
    project = Project(tools, interpreter, parent / f"{interpreter.minor}-{key}")
    with _once(project.folder) as first:
        if first:
            for name, content in contents.items():
                place = project.folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            if sync:
                project.sync()
    return project


def merged_venv(tools, interpreter, parent, requirements):
    """A virtual environment made by uv with these requirements."""
    key = _key(interpreter.executable, *requirements)
    environment = Environment(tools, parent, parent / f"{interpreter.minor}-{key}")
    with _once(environment.venv) as first:
        if first:
            uv = [tools.uv, "--quiet", "--no-config"]
            where = {"env": tools.environment(), "cwd": parent}
            execute([*uv, "venv", "--clear", "--python", interpreter.executable, environment.venv], **where)
            if requirements:
                execute([*uv, "pip", "install", "--python", environment.python, *requirements], **where)
    return environment


@contextmanager
def _once(folder):
    """Yields whether `folder` is to be made now; one worker at a time, and complete or made again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = folder.with_name(folder.name + ".done")
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not done.exists()
        done.touch()


def _bytes(content):
    if isinstance(content, Path):
        return content.read_bytes()
    return content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode()


def _key(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part if isinstance(part, bytes) else str(part).encode()) + b"\0")
    return digest.hexdigest()[:12]
