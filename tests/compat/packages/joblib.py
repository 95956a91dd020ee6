"""Computes in threads, and remembers what was computed in a folder."""

OLD = ["joblib==1.1.1"]
NEW = ["joblib==1.5.2"]
CODE = "-"

import math
import tempfile

import joblib


def work():
    with tempfile.TemporaryDirectory() as folder:
        memory = joblib.Memory(folder, verbose=0)
        root = memory.cache(math.sqrt)
        joblib.dump({"a": [1, 2]}, folder + "/kept", compress=3)
        kept = joblib.load(folder + "/kept")
        roots = [root(16.0), root(16.0)]
    threads = joblib.Parallel(n_jobs=2, prefer="threads")(joblib.delayed(math.factorial)(n) for n in range(5))
    return [joblib.__version__, kept, roots, threads, joblib.hash([1, "a"])]
