"""Computes in worker processes of its own kind (loky)."""

OLD = ["joblib==1.1.1"]
NEW = ["joblib==1.5.2"]
CODE = "-"

import math

import joblib


def work():
    return [joblib.__version__, joblib.Parallel(n_jobs=2)(joblib.delayed(math.sqrt)(n * n) for n in range(5))]
