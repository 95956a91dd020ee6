"""Computes in worker processes of its own kind (loky)."""

OLD = ["joblib==1.1.1"]
NEW = ["joblib==1.5.2"]
CODE = "-"
FAILS = (
    "joblib starts its worker processes, and the one that tidies up after them, as programs of their own (`python -m "
    "joblib...`), and these start as root, which sees another joblib, or none; and both versions register under one name in "
    "a table of `multiprocessing`'s. joblib's threads run, see the other row, and so do `concurrent.futures` and "
    "`multiprocessing`."
)

import math

import joblib


def work():
    return [joblib.__version__, joblib.Parallel(n_jobs=2)(joblib.delayed(math.sqrt)(n * n) for n in range(5))]
