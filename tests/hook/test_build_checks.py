"""`pinfold build`: a check of a package in whose closure versions differ runs with the hook, and sees each its own.

Deliberately not here: builds and checks without pins, which need no hook (`crates/pinfold-cli/tests/build.rs`).
"""

from conftest import CHECKOUT
from test_rules import at, leaf, manifest

__all__ = ["leaf"]

BACKEND = CHECKOUT / "crates" / "pinfold-cli" / "tests" / "support" / "backend.py"
CHECK = """
import importlib.metadata, subprocess, sys
import leaf, old, local
assert "site-packages" in local.__file__, local.__file__
seen = (leaf.V, local.leaf.V, old.leaf.V, old.late(), importlib.metadata.version("leaf"))
assert seen == ("2.0", "2.0", "1.0", "1.0", "2.0"), seen
child = [sys.executable, "-c", "import leaf, old; print(leaf.V, old.late())"]
assert subprocess.check_output(child, text=True) == "2.0 1.0\\n"
"""


def folder(name, module, requires, test):
    """The files of a local folder with a backend of its own."""
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {"pyproject.toml": system, "backend.py": BACKEND, "name": name, "module.py": module, "tests/run.py": test}
    files["requires"] = "".join(f"Requires-Dist: {one}\n" for one in requires)
    return {f"{name}/{file}": content for file, content in files.items()}


def checks(*names):
    return "".join(f"\n[checks.{name}]\ncommand = ['python', 'tests/run.py']\nrequires = []\n" for name in names)


def verdicts(project, *args):
    """What each check came to, by the package and which of it, and whether it ran."""
    done = project.pinfold("build", "--output-format", "json", *args, check=False)
    steps = [step for step in done.json["steps"] if step["step"] == "check"]
    return {step["package"]: (step["verdict"]["passed"], step["ran"]) for step in steps}, done


def test_a_check_sees_two_versions_of_a_dependency(fresh_project, wheels, leaf):
    old = wheels.pure("old", "1", {"old.py": "import leaf\ndef late():\n    import leaf\n    return leaf.V\n"}, requires=["leaf"])
    requires = ["local @ ./local", at("old", old), at("leaf", leaf["2.0"])]
    text = manifest(requires, {"old": [at("leaf", leaf["1.0"])]}) + checks("local")
    project = fresh_project(text, folder("local", "import leaf\n", ["old", "leaf"], CHECK))
    # The store is shared: a run before this one may have left its results there.
    seen, done = verdicts(project, "--force")
    assert seen == {"local": (True, True)}, str(done)
    assert verdicts(project)[0] == {"local": (True, False)}
    # Another version behind the pin is another closure.
    place = project.folder / "pinfold.toml"
    place.write_text(place.read_text().replace(str(leaf["1.0"]), str(leaf["3.0"])))
    seen, done = verdicts(project)
    assert seen == {"local": (False, True)} and done.returncode == 1, str(done)
    assert "'3.0'" in done.stderr, done.stderr


def test_a_pinned_package_is_checked_with_its_own_closure(fresh_project, wheels, leaf):
    requires = ["local @ ./local", at("leaf", leaf["2.0"])]
    text = manifest(requires, {"local": [at("leaf", leaf["1.0"])]}) + checks("local")
    test = "import leaf, local\nassert leaf.V == local.leaf.V == '1.0', leaf.V\n"
    project = fresh_project(text, folder("local", "import leaf\n", ["leaf"], test))
    seen, done = verdicts(project, "--force")
    assert seen == {"local": (True, True)}, str(done)
    assert project.run("import leaf, local; print(leaf.V, local.leaf.V)").stdout == "2.0 1.0\n"
