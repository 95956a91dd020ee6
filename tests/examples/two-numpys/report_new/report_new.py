"""The same report, moved on to today's numpy; it imports inside its functions, late."""

SALES = [("Ribe", 3.0), ("Hull", 5.0), ("Ribe", 4.0), ("Hull", 1.0), ("Bath", 7.0)]


def matrix():
    import numpy

    return numpy.asarray([4, 1, 2, 1, 3, 0.5, 2, 0.5, 5]).reshape(3, 3)


def sales():
    from pandas import DataFrame

    return DataFrame.from_records(SALES, columns=["town", "sold"])


def dates():
    import pandas

    return pandas.to_datetime(pandas.Series(["2024-02-28", "2024-02-29", "2024-03-01"]))


def figures():
    """The library's own sums, on its own objects."""
    from numpy import absolute, fft, linalg
    from scipy.linalg import svdvals
    from scipy.stats import norm

    m = matrix()
    totals = sales().groupby("town").agg(sum=("sold", "sum"), mean=("sold", "mean"))
    return {
        "sum, mean, std": [m.sum(), m.mean(), m.std()],
        "linalg.inv": [float(x) for x in linalg.inv(m).flat],
        "fft": [float(x) for x in absolute(fft.fft(m[0]))],
        "groupby, agg": [float(x) for x in totals.to_numpy().flat],
        "to_datetime": [int(x) for x in dates().dt.dayofyear],
        "svd": [float(x) for x in svdvals(m)],
        "stats.norm.cdf": [float(x) for x in norm.cdf(m[1])],
    }


def call(function, *arguments):
    """Calls back into whoever asks, from a frame of this library."""
    return function(*arguments)
