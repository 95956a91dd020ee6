"""Builds a wheel of the source tree in the current folder by PEP 517, with exactly the tools that it is given.

usage: pep517.py LABEL WHEELSPLIT TOOLS OUT SITE...

TOOLS becomes a virtual environment that shows the folders SITE and nothing else; the backend runs in it, in a process
of its own. The path of the wheel is printed. Deliberately not here: fetching tools, comparing versions (the program
WHEELSPLIT does), and the wheel's normal form.
"""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys

# An answer that is not there says that the backend ended the process itself.
CALL = """
import importlib, json, os, sys
backend, path, out, hook, answer = json.loads(sys.argv[1])
sys.path[:0] = [os.path.abspath(p) for p in path]
module, _, attribute = backend.partition(":")
found = importlib.import_module(module)
for name in filter(None, attribute.split(".")):
    found = getattr(found, name)
if hook == "build_wheel":
    said = found.build_wheel(out, None, None)
else:
    said = getattr(found, hook, lambda settings=None: [])(None)
    said = said if isinstance(said, str) else list(said)
with open(answer, "w") as file:
    json.dump(said, file)
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
    """Versions of what stands in the folders, by normalised names."""
    found = importlib.metadata.distributions(path=sites)
    return {normalize(one.metadata["Name"]): one.version for one in found if one.metadata["Name"]}


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


def unmet(wheelsplit, requirements, there):
    """What of the requirements is not there, or in another version; those whose marker does not hold are none."""
    full = platform.python_version()
    markers = {
        "implementation_name": sys.implementation.name,
        "implementation_version": full,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": full,
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }
    question = json.dumps({"requires": list(requirements), "there": there, "markers": markers})
    return subprocess.run([wheelsplit, "unmet"], input=question, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def fits(file):
    """Whether a wheel's name says that this interpreter can use it; its platform is for the environment to compare."""
    parts, minor = file.removesuffix(".whl").split("-"), sys.version_info[1]
    if len(parts) not in (5, 6):
        return True  # No wheel's name, which is what will be said of it.
    pythons, abis = parts[-3].split("."), parts[-2].split(".")

    def one(python, abi):
        kind, number = python[:2], python[3:]
        if python[2:3] != "3" or not (number == "" or number.isdigit()):
            return False
        if kind == "py":
            return abi == "none" and int(number or 0) <= minor
        if kind != "cp":
            return False
        ours = number == str(minor) and abi in (f"cp3{minor}", "abi3", "none")
        return ours or (abi == "abi3" and 2 <= int(number or 0) < minor)

    return any(one(python, abi) for python in pythons for abi in abis)


def main():
    label, wheelsplit, tools, out, *sites = sys.argv[1:]
    if not (os.path.exists("pyproject.toml") or os.path.exists("setup.py")):
        fail(label, "its source has neither a pyproject.toml nor a setup.py", "is `src` the folder of the package?")
    try:
        system = build_system()
    except ValueError as error:
        fail(label, f"its pyproject.toml is not TOML: {error}", "mend it upstream or in `postPatch`")
    there = distributions(sites)
    have = ", ".join(f"{name} {version}" for name, version in sorted(there.items())) or "none"

    def check(requirements, whose):
        if absent := unmet(wheelsplit, requirements, there):
            fail(label, f"{whose} requires {', '.join(absent)}, which is not among its build tools ({have})", "add it to `build-system`, and to the build set; what is required by mistake, `postPatch` can take out of pyproject.toml")

    check(system.get("requires", []), "its [build-system]")
    python = make_tools(tools, sites)
    os.makedirs(out, exist_ok=True)
    environment = {**os.environ, "PATH": os.path.join(tools, "bin") + os.pathsep + os.environ.get("PATH", "")}
    environment.pop("PYTHONPATH", None)
    backend, path = system["build-backend"], system.get("backend-path", [])
    answer = os.path.join(tools, "answer.json")
    look = "`nix log` shows all of it; `--keep-failed` keeps the folder"

    def call(hook):
        """What the hook of the backend returned, in a process of its own."""
        if os.path.exists(answer):
            os.remove(answer)
        code = subprocess.run([python, "-c", CALL, json.dumps([backend, path, out, hook, answer])], stdout=sys.stderr, env=environment).returncode
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if code != 0:
            fail(label, f"its backend {backend} {ended}; what it said stands above", look)
        try:
            with open(answer) as file:
                return json.load(file)
        except (OSError, ValueError):
            fail(label, f"its backend {backend} {ended} in `{hook}`, without an answer", look)

    asked = call("get_requires_for_build_wheel")
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        fail(label, f"its backend {backend} answers {json.dumps(asked)} when it is asked what it requires", "a list of requirements is what PEP 517 asks for")
    check(asked, f"its backend {backend}")
    said = call("build_wheel")
    wheels = sorted(name for name in os.listdir(out) if name.endswith(".whl"))
    if len(wheels) != 1:
        fail(label, f"its backend {backend} made {len(wheels)} wheels, and one was asked for", "a backend that makes none has failed silently")
    if said != wheels[0]:
        fail(label, f"its backend {backend} says that it made {json.dumps(said)}, but there is {wheels[0]}", look)
    if not fits(wheels[0]):
        fail(label, f"its backend {backend} made {wheels[0]}, which is not for Python 3.{sys.version_info[1]}", "a wheel is for the Python that its name says, whatever is in it")
    print(os.path.join(out, wheels[0]))


main()
