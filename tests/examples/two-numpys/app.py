"""Two libraries with different numpys, pandas and scipys in one process, and this program with its own.

Prints who sees which version and file with a result from each, then every computation from every place that
it can be called from: the library, this program on the library's objects, a thread, a callback. Ends with
exit code 1 when results differ, or when somebody got what is not theirs.
"""

import importlib
import math
import sys
import threading
from importlib.metadata import version

import numpy
import pandas
import report_new
import report_old
import scipy
import scipy.linalg
import scipy.stats

from table import place, show

LIBRARIES = {"report-old": report_old, "report-new": report_new}


def seen_by(library, name):
    """Module `name` as the library gets it: the import runs in a frame of the library."""
    return library.call(importlib.import_module, name)


def figures_from_here(library):
    """What the library's figures() computes, from this program's own frames on the library's objects."""
    np, linalg, stats = (seen_by(library, name) for name in ("numpy", "scipy.linalg", "scipy.stats"))
    m, sales, dates = library.matrix(), library.sales(), library.dates()
    return {
        "sum, mean, std": [m.sum(), m.mean(), m.std()],
        "linalg.inv": np.linalg.inv(m).ravel(),
        "fft": abs(np.fft.fft(m[0])),
        "groupby, agg": sales.groupby("town")["sold"].agg(["sum", "mean"]).to_numpy().ravel(),
        "to_datetime": dates.dt.dayofyear,
        "svd": linalg.svd(m, compute_uv=False),
        "stats.norm.cdf": stats.norm.cdf(m[1]),
    }


def in_a_thread(function, *arguments):
    """The result of a call that another thread makes."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


# This program comes first: numpy's C code imports lazily, at the first sum of an array, whoever asks for it.
PLACES = {
    "app.py": figures_from_here,
    "library": lambda library: library.figures(),
    "thread": lambda library: in_a_thread(library.figures),
    "callback": lambda library: library.call(figures_from_here, library),
}


def alike(a, b):
    return len(a) == len(b) and all(math.isclose(x, y, rel_tol=1e-9) for x, y in zip(a, b))


def who_sees_what():
    """A row for each importer and package, with a result that this very module computed."""
    importers = {who: (lambda name, lib=lib: seen_by(lib, name)) for who, lib in LIBRARIES.items()}
    importers["app.py"] = importlib.import_module
    for who, get in importers.items():
        np, pd, stats = get("numpy"), get("pandas"), get("scipy.stats")
        results = {
            np: f"det {np.linalg.det(np.array([[4.0, 1.0], [1.0, 3.0]])):.6f}",
            pd: f"2024-02-29 is a {pd.to_datetime('2024-02-29').day_name()}",
            get("scipy"): f"norm.cdf(1) {stats.norm.cdf(1):.6f}",
        }
        for module, result in results.items():
            yield who, module.__name__, module.__version__, place(module.__file__), result


def what_is_wrong(rows, figures):
    """Every reason why this run does not show what it should."""
    versions = {(who, package): found for who, package, found, *_ in rows}
    for package in ("numpy", "pandas", "scipy"):
        old, new, own = (versions[who, package] for who in ("report-old", "report-new", "app.py"))
        if old == new:
            yield f"report-old and report-new both see {package} {old}"
        if not own == new == version(package):
            yield f"app.py sees {package} {own}, report-new {new}, importlib.metadata {version(package)}"
    if isinstance(report_old.matrix(), numpy.ndarray):
        yield "an array of report-old is an array of app.py's numpy"
    if not isinstance(report_new.matrix(), numpy.ndarray):
        yield "an array of report-new is no array of app.py's numpy, though the two are one unit"
    if isinstance(report_old.sales(), pandas.DataFrame):
        yield "a frame of report-old is a frame of app.py's pandas"
    for name, by_place in figures.items():
        first = next(iter(by_place.values()))
        for where, values in by_place.items():
            if not alike(first, values):
                yield f"{name} of {where}: {list(values)}, not {list(first)}"


def main():
    rows = list(who_sees_what())
    show(["who", "package", "version", "file", "result"], rows)
    runs = {(who, where): run(lib) for who, lib in LIBRARIES.items() for where, run in PLACES.items()}
    names = runs["report-old", "app.py"]
    figures = {name: {", called from ".join(key): list(run[name]) for key, run in runs.items()} for name in names}
    faults = list(what_is_wrong(rows, figures))
    print("\nthe same figures from every place (report-old's numpy | report-new's numpy)")
    show(["computed", "result", *PLACES], list(agreements(figures)))
    for fault in faults:
        print("wrong:", fault)
    loaded = sorted({found for who, package, found, *_ in rows if package == "numpy"})
    print(f"\nnumpy {' and '.join(loaded)} in one process on Python {sys.version.split()[0]}: ", end="")
    print(f"{len(faults)} faults" if faults else f"{sum(map(len, figures.values()))} computations agree")
    return 1 if faults else 0


def agreements(figures):
    """A row for each computation: its first value, and whether both libraries agree on it in each place."""
    for name, by_place in figures.items():
        first = next(iter(by_place.values()))
        marks = []
        for where in PLACES:
            pair = [by_place[f"{who}, called from {where}"] for who in LIBRARIES]
            marks.append(" | ".join("ok" if alike(first, values) else "DIFFERS" for values in pair))
        yield name, f"{first[0]:.6g} ...", *marks


if __name__ == "__main__":
    sys.exit(main())
