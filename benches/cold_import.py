"""Imports in a fresh process, with the hook against plain CPython with the same wheels in one site-packages.

CPU time of the whole process, start included, and of the import statements alone. Everything is compiled before
the clock starts; both sides may write bytecode. The last row gives plain CPython a folder on `sys.path` for each
package, which is what keeping packages apart costs without an index.
"""

import zipfile

from generated import many_modules, many_packages
from measure import Figure, interleaved, memory, python_times

ROUNDS = 15

REAL = {
    "sympy": (["sympy==1.14.0"], "import sympy", "0.75x"),
    "pandas, scipy.stats, .optimize, .signal": (
        ["pandas==2.3.3", "scipy==1.16.3", "numpy==2.3.5"],
        "import pandas, scipy.stats, scipy.optimize, scipy.signal",
        "0.85x",
    ),
    "django, sqlalchemy, boto3": (
        ["django==5.2.8", "sqlalchemy==2.0.44", "boto3==1.40.70"],
        "import django, django.db.models, django.http, sqlalchemy, sqlalchemy.orm, boto3",
        "0.75x",
    ),
}


def figures(sides):
    wheels = sides.folder / "wheels"
    wheel, statements = many_modules(wheels, 400)
    yield from _merged(sides, "400 small modules", [sides.local(wheel)], statements, "0.30x")
    for label, (requirements, statement, aim) in REAL.items():
        yield from _merged(sides, label, requirements, statement, aim)
    yield from _folders(sides, wheels)


def _merged(sides, label, requirements, statements, aim):
    project, venv = sides.both(label, requirements)
    cases = {"ours": _case(sides, project, statements), "theirs": _case(sides, venv, statements)}
    yield from _figures(label, "plain CPython", cases, aim)
    if label.startswith("pandas"):
        sizes = {
            whose: lambda folder=folder: memory(folder / "bin" / "python", statements, env=sides.env, cwd=sides.folder)
            for whose, folder in (("ours", project), ("theirs", venv))
        }
        taken = interleaved(sizes, 5, f"memory of {label}")
        for kind, its_aim in (("memory", "1.05x"), ("memory, peak", "")):
            yield Figure(label, "plain CPython", its_aim, kind, taken["ours"][kind], taken["theirs"][kind])


def _folders(sides, folder):
    label = "200 packages, a folder each"
    wheels, statements = many_packages(folder, 200)
    project, venv = sides.both(label, [sides.local(wheel) for wheel in wheels], install=False)
    folders = []
    for wheel in wheels:
        place = sides.folder / "folders" / wheel.name.split("-")[0]
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        folders.append(str(place))
    site = next((venv / "lib").glob("python3*/site-packages"))
    (site / "folders.pth").write_text("\n".join(folders) + "\n")
    cases = {"ours": _case(sides, project, statements), "theirs": _case(sides, venv, statements)}
    yield from _figures(label, "plain CPython", cases, "0.2x")


def _case(sides, folder, statements):
    python = folder / "bin" / "python"
    return lambda: python_times(python, statements, env=sides.env, cwd=sides.folder)


def _figures(label, peer, cases, aim):
    medians = interleaved(cases, ROUNDS, label)
    for kind, its_aim in (("CPU, process", ""), ("CPU, imports", aim)):
        yield Figure(label, peer, its_aim, kind, medians["ours"][kind], medians["theirs"][kind])
