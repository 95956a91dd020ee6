"""Wheels made here: many small modules, many small packages, many small packages with extension modules.

Deliberately not here: measuring; and any content that a real package would not have.
"""

import base64
import hashlib
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

MODULE = '''
"""Module {n} of a generated package."""

import os
import sys
from {sibling} import VALUE as PREVIOUS

VALUE = {n}
NAMES = ("alpha-{n}", "beta-{n}", "gamma-{n}")


class Shape:
    """A class with a few methods."""

    sides = {n}

    def __init__(self, width, height):
        self.width = width
        self.height = height

    @property
    def area(self):
        return self.width * self.height

    def scaled(self, factor=2):
        return type(self)(self.width * factor, self.height * factor)


def first(values, default=None):
    """The first of the values."""
    for value in values:
        return value
    return default


def second(name):
    return os.path.join(name, NAMES[0]) if name else sys.prefix


def third(*numbers, start=0):
    return sum((number for number in numbers if number > {n}), start)
'''


def many_modules(folder, count):
    """A wheel with one package of `count` modules, and the statements that import them all."""
    files = {"many/__init__.py": "VALUE = -1\n"}
    for n in range(count):
        sibling = f"many.m{n - 1:03}" if n else "many"
        files[f"many/m{n:03}.py"] = MODULE.format(n=n, sibling=sibling).lstrip()
    return wheel(folder, "many", files), "\n".join(f"import many.m{n:03}" for n in range(count))


def many_packages(folder, count, prefix="pack"):
    """`count` wheels of one small package each, and the statements that import them all."""
    wheels, statements = [], []
    for n in range(count):
        name = f"{prefix}{n:04}"
        files = {f"{name}/__init__.py": f"from {name}.core import Shape, VALUE\n"}
        files[f"{name}/core.py"] = MODULE.format(n=n, sibling=f"{name}.base").lstrip()
        files[f"{name}/base.py"] = f"VALUE = {n}\n"
        wheels.append(wheel(folder, name, files))
        statements.append(f"import {name}")
    return wheels, "\n".join(statements)


LIBRARY = """
int {name}_table[{n} + 1];
int {name}_first(int value) {{ return value + {n}; }}
int {name}_second(int value) {{ return {name}_first(value) + {name}_table[0]; }}
"""
EXTENSION = """
extern int {name}_second(int);
extern void *PyModule_Create2(void *, int);
static char definition[104];
void *PyInit_core(void) {{ definition[0] = {name}_second(1); return PyModule_Create2(definition, 1013); }}
"""


def native_packages(folder, count):
    """`count` installed packages, each in a folder of its own: an extension module and a library that it brings. All
    import the first one; of ten in a row, two bring different libraries of one SONAME."""

    def make(n):
        name = f"native{n:04}"
        root = folder / name
        info = root / f"{name}-1.0.dist-info"
        for made in (root / name, root / f"{name}.libs", info):
            made.mkdir(parents=True, exist_ok=True)
        soname = f"libshared{n // 10:03}.so.1" if n % 10 < 2 else f"lib{name}.so.1"
        library = root / f"{name}.libs" / soname
        _compiled(library, LIBRARY.format(name=name, n=n), f"-Wl,-soname,{soname}")
        linked = [f"-L{library.parent}", f"-l:{soname}", f"-Wl,-rpath,$ORIGIN/../{name}.libs"]
        _compiled(root / name / "core.abi3.so", EXTENSION.format(name=name), *linked)
        first = "import native0000\n" if n else ""
        (root / name / "__init__.py").write_text(f"{first}from . import core\n")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-abi3-linux_x86_64\n")
        files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        return root

    with ThreadPoolExecutor() as threads:
        return list(threads.map(make, range(count)))


def _compiled(path, source, *flags):
    """A shared object of this C source, with `cc`."""
    if path.exists():
        return
    command = ["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-x", "none", *flags, "-o", str(path)]
    done = subprocess.run(command, input=source, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"error: `{' '.join(command)}` ended with exit code {done.returncode}\n{done.stderr}")


def wheel(folder, name, files, version="1.0"):
    """A pure wheel with these files, the same bytes each time."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: pinfold-benches\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [_record_line(path, text.encode()) for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), text)
    return path


def _record_line(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"
