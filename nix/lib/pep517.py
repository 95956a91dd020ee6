"""Builds a wheel of the source tree in the current folder by PEP 517, with exactly the tools that it is given.

usage: pep517.py LABEL TOOLS OUT SITE...

TOOLS becomes a virtual environment that shows the folders SITE and nothing else; the backend runs in it, in a process
of its own. Deliberately not here: fetching tools, and the wheel's normal form.
"""

import json
import os
import re
import subprocess
import sys

CALL = """
import importlib, json, os, sys
backend, path, out, metadata = json.loads(sys.argv[1])
sys.path[:0] = [os.path.abspath(p) for p in path]
module, _, attribute = backend.partition(":")
found = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    found = getattr(found, name)
if metadata:
    extra = getattr(found, "get_requires_for_build_wheel", lambda settings=None: [])(None)
    with open(metadata, "w") as file:
        json.dump(list(extra), file)
else:
    found.build_wheel(out, None, None)
"""

LEGACY = {"requires": ["setuptools"], "build-backend": "setuptools.build_meta:__legacy__"}


def fail(label, what, hint):
    sys.exit(f"error: could not build the wheel of {label}: {what}\nhint: {hint}")


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def build_system():
    try:
        import tomllib

        with open("pyproject.toml", "rb") as file:
            table = tomllib.load(file).get("build-system")
    except FileNotFoundError:
        table = None
    return {**LEGACY, **(table or {})} if not table or "build-backend" not in table else table


def distributions(sites):
    """Names of what stands in the folders, from the names of the metadata folders."""
    names = set()
    for site in sites:
        for entry in os.listdir(site):
            match = re.fullmatch(r"(.+?)(-.*)?\.(dist|egg)-info", entry)
            if match:
                names.add(normalize(match[1]))
    return names


def make_tools(tools, sites):
    """A virtual environment whose site-packages leads to the folders, with the programs that they bring."""
    site_packages = os.path.join(tools, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    os.makedirs(site_packages)
    os.makedirs(os.path.join(tools, "bin"))
    with open(os.path.join(tools, "pyvenv.cfg"), "w") as file:
        file.write(f"home = {os.path.dirname(sys.executable)}\ninclude-system-site-packages = false\n")
    python = os.path.join(tools, "bin", "python")
    os.symlink(os.path.realpath(sys.executable), python)
    for name in ("python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        os.symlink("python", os.path.join(tools, "bin", name))
    with open(os.path.join(site_packages, "tools.pth"), "w") as file:
        # A line of its own each: a tool's own .pth files count too.
        file.writelines(f"import site; site.addsitedir({site!r})\n" for site in sites)
    for site in sites:
        place_programs(site, python, os.path.join(tools, "bin"))
    return python


def place_programs(site, python, folder):
    for entry in sorted(os.listdir(site)):
        points = os.path.join(site, entry, "entry_points.txt")
        if entry.endswith("-info") and os.path.exists(points):
            for name, module, attribute in console_scripts(points):
                program = f"#!{python}\nimport sys\nfrom {module} import {attribute.split('.')[0]}\nsys.exit({attribute}())\n"
                write_program(os.path.join(folder, name), program)
    # Beside site-packages in our own layout, two folders up in that of nixpkgs.
    for scripts in (os.path.join(site, "../data/scripts"), os.path.join(site, "../../../bin")):
        if os.path.isdir(scripts):
            for name in sorted(os.listdir(scripts)):
                if not os.path.lexists(os.path.join(folder, name)):
                    os.symlink(os.path.realpath(os.path.join(scripts, name)), os.path.join(folder, name))


def console_scripts(path):
    section = None
    with open(path) as file:
        for line in map(str.strip, file):
            if line.startswith("["):
                section = line
            elif section == "[console_scripts]" and (match := re.match(r"([^=\s]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)", line)):
                yield match.groups()


def write_program(path, text):
    if not os.path.lexists(path):
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)


def missing(requirements, there):
    """Names of requirements without a marker that nobody brings; what a marker excludes is for the backend to miss."""
    plain = (r for r in requirements if ";" not in r)
    names = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", r) for r in plain)
    return sorted({match[1] for match in names if match and normalize(match[1]) not in there})


def main():
    label, tools, out, *sites = sys.argv[1:]
    if not (os.path.exists("pyproject.toml") or os.path.exists("setup.py")):
        fail(label, "its source has neither a pyproject.toml nor a setup.py", "is `src` the folder of the package?")
    try:
        system = build_system()
    except ValueError as error:
        fail(label, f"its pyproject.toml is not TOML: {error}", "mend it upstream or in `postPatch`")
    there = distributions(sites)

    def check(requirements, whose):
        if absent := missing(requirements, there):
            fail(label, f"{whose} requires {', '.join(absent)}, which is not among its build tools ({', '.join(sorted(there)) or 'none'})", "add it to `build-system`, and to the build set")

    check(system.get("requires", []), "its [build-system]")
    python = make_tools(tools, sites)
    os.makedirs(out, exist_ok=True)
    environment = {**os.environ, "PATH": os.path.join(tools, "bin") + os.pathsep + os.environ.get("PATH", "")}
    environment.pop("PYTHONPATH", None)
    backend, path = system["build-backend"], system.get("backend-path", [])
    asked = os.path.join(tools, "requires.json")
    for metadata in (asked, None):
        code = subprocess.run([python, "-c", CALL, json.dumps([backend, path, out, metadata])], env=environment).returncode
        if code != 0:
            ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
            fail(label, f"its backend {backend} {ended}; what it said stands above", "`nix log` shows all of it; `--keep-failed` keeps the folder")
        if metadata:
            with open(asked) as file:
                check(json.load(file), f"its backend {backend}")
    wheels = [name for name in os.listdir(out) if name.endswith(".whl")]
    if len(wheels) != 1:
        fail(label, f"its backend {backend} made {len(wheels)} wheels, and one was asked for", "a backend that makes none has failed silently")


main()
