"""The interpreters to test: those that the command line names, else all supported ones that are found.

A candidate counts when it runs and says what it is: pyenv puts shims on PATH that only print an error.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = ["3.11", "3.12", "3.13"]

QUESTION = """
import json, platform, sys, sysconfig
print(json.dumps({
    "minor": "%d.%d" % sys.version_info[:2],
    "version": platform.python_version(),
    "executable": sys._base_executable,
    "include": sysconfig.get_path("include"),
    "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "usable": sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


@dataclass(frozen=True)
class Python:
    minor: str
    version: str
    executable: str
    include: str
    suffix: str

    @property
    def tag(self):
        """The interpreter's own wheel tag, `cp312`."""
        return "cp" + self.minor.replace(".", "")


def find(named):
    """The interpreters named in `named` (separated by commas), else one of each supported minor version."""
    found = {}
    for candidate in named.split(",") if named else _candidates():
        facts = _ask(candidate)
        if facts and facts.pop("usable") and facts["minor"] in SUPPORTED:
            found.setdefault(facts["minor"], Python(**facts))
        elif named:
            raise SystemExit(f"{candidate} is no supported Python ({', '.join(SUPPORTED)})")
    if not found:
        raise SystemExit(f"found no Python {', '.join(SUPPORTED)} on PATH or among pyenv's")
    return [found[minor] for minor in sorted(found)]


def missing(found):
    """The supported minor versions that are not among `found`."""
    return [minor for minor in SUPPORTED if minor not in {python.minor for python in found}]


def _candidates():
    yield "python3"
    yield from (f"python{minor}" for minor in SUPPORTED)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob("*/bin/python3"))


def _ask(candidate):
    try:
        asked = subprocess.run([candidate, "-I", "-c", QUESTION], capture_output=True, text=True)
        return json.loads(asked.stdout) if asked.returncode == 0 else None
    except (OSError, ValueError):
        return None
