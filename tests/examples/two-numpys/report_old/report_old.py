"""A report written for the numpy before 2: it imports numpy, pandas and scipy as any library does."""

import numpy as np
import pandas as pd
import scipy.linalg
import scipy.stats

SALES = {"town": ["Ribe", "Hull", "Ribe", "Hull", "Bath"], "sold": [3.0, 5.0, 4.0, 1.0, 7.0]}


def matrix():
    return np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.5], [2.0, 0.5, 5.0]])


def sales():
    return pd.DataFrame(SALES)


def dates():
    return pd.to_datetime(pd.Series(["2024-02-28", "2024-02-29", "2024-03-01"]))


def figures():
    """The library's own sums, on its own objects."""
    m = matrix()
    return {
        "sum, mean, std": [m.sum(), m.mean(), m.std()],
        "linalg.inv": np.linalg.inv(m).ravel().tolist(),
        "fft": np.abs(np.fft.fft(m[0])).tolist(),
        "groupby, agg": sales().groupby("town")["sold"].agg(["sum", "mean"]).to_numpy().ravel().tolist(),
        "to_datetime": dates().dt.dayofyear.tolist(),
        "svd": scipy.linalg.svd(m, compute_uv=False).tolist(),
        "stats.norm.cdf": scipy.stats.norm.cdf(m[1]).tolist(),
    }


def call(function, *arguments):
    """Calls back into whoever asks, from a frame of this library."""
    return function(*arguments)
