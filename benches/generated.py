"""Wheels made here: many small modules, many small packages.

Deliberately not here: measuring; and any content that a real package would not have.
"""

import base64
import hashlib
import zipfile

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


def wheel(folder, name, files):
    """A pure wheel with these files, the same bytes each time."""
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: pinfold-benches\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [_record_line(path, text.encode()) for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"])
    path = folder / f"{name}-1.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), text)
    return path


def _record_line(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"
