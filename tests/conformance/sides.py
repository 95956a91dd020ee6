"""The two sides of a comparison: an environment with the hook, an ordinary one, and the command that each runs.

Deliberately not here: which suites there are, and what their results mean.
"""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
import tomllib
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from frame.project import execute, merged_venv, synced
from frame.wheels import Wheels
from suites import Stdlib

HERE = Path(__file__).parent

# What tests may use, on both sides: numpy asks the first before it allocates tens of gigabytes.
LIMITS = {"NPY_AVAILABLE_MEM": "1 GB", "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}

# How often progress is said, in seconds.
PROGRESS = 30


class CouldNot(Exception):
    """A suite that did not come to its end on one side: nothing can be compared."""


class Side:
    """One environment and the suite in it; `run` gives test -> (how it ended, what it said)."""

    def __init__(self, which, environment, folder, command, read):
        self.which, self.environment, self.folder, self.command, self.read = which, environment, folder, command, read

    def run(self, timeout, only=None):
        """All tests, or those in `only`."""
        again = "again-" if only is not None else ""
        record, log = self.folder / f"{again}{self.which}.record", self.folder / f"{again}{self.which}.log"
        chosen = self.folder / f"{again}{self.which}.only"
        record.unlink(missing_ok=True)
        if only is not None:
            chosen.write_text(json.dumps(sorted(only)))
        command = self.command(record, chosen if only is not None else None)
        status = self._wait(command, record, log, timeout)
        try:
            return self.read(record)
        except (OSError, ValueError, ElementTree.ParseError) as damage:
            raise CouldNot(f"{self.which}: the suite gave no whole record ({damage}); it {status}\nhint: what it said is in {log}") from damage

    def _wait(self, command, record, log, timeout):
        where = self.folder / f"in-{self.which}"
        where.mkdir(exist_ok=True)
        began = time.monotonic()
        with open(log, "w") as output:
            child = subprocess.Popen(
                list(map(str, command)),
                env=self.environment.tools.environment(LIMITS),
                cwd=where,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            while True:
                try:
                    code = child.wait(PROGRESS)
                    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                except subprocess.TimeoutExpired:
                    spent = time.monotonic() - began
                    done = sum(1 for _ in open(record)) if record.exists() else 0
                    print(f"  {self.which}: {spent:.0f} s" + f", {done:,} tests" * (done > 0), file=sys.stderr, flush=True)
                    if spent > timeout:
                        os.killpg(child.pid, signal.SIGKILL)
                        child.wait()
                        raise CouldNot(
                            f"{self.which}: not at its end after {spent:.0f} s, and ended\n"
                            f"hint: what it said is in {log}; `--timeout SECONDS` gives it longer"
                        ) from None


def make(suite, tools, python, folder):
    """The two sides of a suite: with the hook, and without."""
    return (_stdlib if isinstance(suite, Stdlib) else _shipped)(suite, tools, python, folder)


def _stdlib(suite, tools, python, folder):
    if suite.source:
        place = folder / "tests" / f"{suite.name}.py"
        place.parent.mkdir()
        place.write_text(textwrap.dedent(suite.source))
    requires = ["six==1.17.0"]
    manifest = f'requires = ["{requires[0]}"]'
    for which in ("hook", "plain"):
        shared = folder.parent / f"no-pins-{python.minor}"
        if which == "hook":
            environment = synced(tools, python, shared / which, manifest, {})
            # It stays for all suites and runs; the hook may be another one now.
            environment.sync()
        else:
            environment = merged_venv(tools, python, shared / which, requires)

        def command(record, only, environment=environment):
            # Not as a file: its folder would be the first of `sys.path`.
            runner = ["-c", f"exec(open({str(HERE / 'regrtest.py')!r}).read())"]
            where = ["--testdir", folder / "tests"] if suite.source else []
            match = [word for pattern in suite.match for word in ("-m", pattern)]
            ignore = [word for pattern in suite.ignore for word in ("-i", pattern)]
            if only:
                patterns = only.with_suffix(".patterns")
                # Subtests have their parameters behind the name.
                patterns.write_text("\n".join(re.split(r"[ \[(]", name)[0] + "*" for name in json.loads(only.read_text())))
                match = ["--matchfile", patterns]
            return [environment.python, *runner, "--junit-xml", record, *where, *match, *ignore, suite.name]

        yield Side(which, environment, folder, command, _junit)


def _shipped(suite, tools, python, folder):
    files, anchor, tests = {"suite/__init__.py": "", "suite/recording.py": (HERE / "recording.py").read_text()}, suite.module, suite.tests
    if suite.sdist:
        of_sdist = _tests_of_sdist(tools, suite, folder)
        if suite.local:
            anchor = None
            for path, content in of_sdist.items():
                for which in ("hook", "plain"):
                    place = folder / f"in-{which}" / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
        else:
            files |= {f"suite/{path}": content for path, content in of_sdist.items()}
            anchor, tests = "suite.recording", [f"suite/{test}" for test in tests]
    names = [re.match(r"[A-Za-z0-9._-]+", requirement)[0] for requirement in suite.requires]
    wheels = Wheels(python, folder / "wheels")
    at = f"suite @ file://{wheels.pure('suite', '1', files, requires=names)}"
    if suite.by_root:
        # Loads the other version.
        other = wheels.pure("other", "1", {"other.py": f"import {suite.module}"}, requires=[names[0]])
        manifest = _manifest([at, *suite.requires, f"other @ file://{other}"], "other", suite.other)
    else:
        manifest = _manifest([at, *suite.other], "suite", suite.requires)
    for which in ("hook", "plain"):
        if which == "hook":
            environment, first = synced(tools, python, folder / which, manifest, {}), "other" if suite.by_root else suite.module
        else:
            environment, first = merged_venv(tools, python, folder / which, [*suite.requires, at]), "sys"

        def command(record, only, environment=environment, first=first):
            call = f"run({str(record)!r}, {only and str(only)!r}, {anchor!r}, {list(tests)!r}, {list(suite.options)!r})"
            return [environment.python, *suite.flags, "-c", f"import {first}; from suite.recording import run; {call}"]

        yield Side(which, environment, folder, command, _lines)


def _manifest(requires, pinned, its):
    return f"requires = {json.dumps(requires)}\n[pins.{pinned}]\nrequires = {json.dumps(its)}\n"


def _tests_of_sdist(tools, suite, folder):
    """The test files of the source distribution, by their paths in it."""
    files, inside = {}, tuple(f"{path}/" for path in (*suite.tests, *suite.beside))
    with tarfile.open(fileobj=io.BytesIO(_sdist(tools, suite.requires[0], folder))) as archive:
        for member in archive.getmembers():
            path = member.name.partition("/")[2]
            if member.isfile() and (path.startswith(inside) or path in ("conftest.py", "setup.cfg")):
                files[path] = archive.extractfile(member).read()
    return files


def _sdist(tools, requirement, folder):
    """The source distribution as it is. (`pip download` would build it, for its metadata.)"""
    (folder / "sdist.in").write_text(requirement + "\n")
    compile = [tools.uv, "--quiet", "pip", "compile", "--no-deps", "--format", "pylock.toml", "sdist.in"]
    (package,) = tomllib.loads(execute(compile, env=dict(os.environ), cwd=folder).stdout)["packages"]
    with urllib.request.urlopen(package["sdist"]["url"]) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != package["sdist"]["hashes"]["sha256"]:
        raise CouldNot(f"the source distribution of {requirement} is not what the index says it is")
    return content


def _lines(record):
    """A record of `recording.py`."""
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    if not lines or lines[-1].get("status") not in (0, 1, 2):
        raise ValueError(f"its last line is {lines[-1:]}")
    return {line["test"]: (line["end"], line["said"]) for line in lines[:-1]}


def _junit(record):
    """A record of CPython's own runner."""
    ends = {}
    for case in ElementTree.parse(record).iter("testcase"):
        name = re.sub(r"0x[0-9a-f]{6,}", "0x", case.get("name"))
        found = [child for child in case if child.tag in ("failure", "error", "skipped")]
        end = "+".join(sorted({child.tag for child in found})) or case.get("result", "passed").replace("completed", "passed")
        said = " ".join("".join(found[0].itertext()).split())[-300:] if found else ""
        ends[name] = (end, said)
    return ends
