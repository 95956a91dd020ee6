"""Inverts a matrix, takes a Fourier transform, sorts a structured array, draws random numbers."""

OLD = ["numpy==1.26.4"]
NEW = ["numpy==2.3.5"]
CODE = "C, C++, Cython"

import numpy as np


def work():
    matrix = np.array([[4.0, 1.0], [2.0, 3.0]])
    people = np.array([("b", 2), ("a", 1)], dtype=[("name", "U4"), ("age", "i4")])
    people.sort(order="name")
    from numpy.polynomial import Polynomial

    return [
        np.linalg.inv(matrix).round(6).tolist(),
        abs(np.fft.fft([1.0, 2.0, 3.0])).round(6).tolist(),
        people.tolist(),
        np.random.default_rng(7).integers(0, 100, 5).tolist(),
        Polynomial([1, 2, 1]).roots().round(3).tolist(),
        str(matrix.std()),
        repr(matrix.astype("float32")),
        np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]).sum().item(),
    ]
