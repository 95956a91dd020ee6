"""The table of packages: one file each in `packages/`, which is also the code that uses them.

Each file opens with what it does, says OLD and NEW (requirements; the first names the distribution and its
exact version) and CODE (what its compiled part is written in), and has `work()`, whose result is plain data.
It may say PYTHON (the minor version that has wheels of both; 3.11 unless said) and FAILS (why the two do not
run together, in words for users; that they do not is then what is expected).

Deliberately not here: running them. Nothing of these files is executed here.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

PACKAGES = Path(__file__).parent / "packages"


@dataclass(frozen=True)
class Case:
    """One distribution in two versions, and code that uses it."""

    name: str
    does: str
    source: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    code: str
    python: str
    fails: str

    @property
    def versions(self):
        """The exact versions of the distribution, old and new."""
        return version(self.old[0]), version(self.new[0])


def version(requirement):
    return requirement.partition("==")[2]


def distribution(requirement):
    """`ruamel.yaml[jinja2]==0.17` is about `ruamel.yaml`."""
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0]


def read(path):
    """The case in this file."""
    source = path.read_text()
    tree = ast.parse(source)
    said = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            said[node.targets[0].id] = node.value
    value = lambda name, default=None: ast.literal_eval(said[name]) if name in said else default  # noqa: E731
    old, new = tuple(value("OLD")), tuple(value("NEW"))
    name = distribution(old[0])
    if name != distribution(new[0]) or "==" not in old[0] or "==" not in new[0]:
        raise SystemExit(f"{path}: OLD and NEW must begin with exact versions of one distribution")
    does = " ".join(ast.get_docstring(tree).split())
    return Case(name, does, source, old, new, value("CODE"), value("PYTHON", "3.11"), value("FAILS", ""))


def every(names=()):
    """All cases, or those named, sorted by name."""
    cases = sorted((read(path) for path in PACKAGES.glob("*.py")), key=lambda case: case.name.lower())
    unknown = set(names) - {case.name for case in cases}
    if unknown:
        raise SystemExit(f"no such package in tests/compat/packages: {', '.join(sorted(unknown))}")
    return [case for case in cases if not names or case.name in names]
