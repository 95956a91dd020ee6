"""Integrates, optimises, solves sparse and dense systems, evaluates distributions and a filter."""

OLD = ["scipy==1.9.3", "numpy==1.24.4"]
NEW = ["scipy==1.16.3", "numpy==2.3.5"]
CODE = "C, C++, Cython, Fortran, Pythran"

import numpy as np
import scipy


def work():
    from scipy import integrate, interpolate, linalg, optimize, signal, sparse, special, stats
    from scipy.sparse.linalg import spsolve

    matrix = sparse.csr_matrix(np.diag([2.0, 4.0, 8.0]))
    spline = interpolate.CubicSpline([0, 1, 2, 3], [0, 1, 8, 27])
    return [
        scipy.__version__,
        round(integrate.quad(np.sin, 0, np.pi)[0], 9),
        optimize.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0]).x.round(4).tolist(),
        spsolve(matrix.tocsc(), np.ones(3)).tolist(),
        linalg.svd(np.arange(4.0).reshape(2, 2))[1].round(6).tolist(),
        round(float(stats.norm.cdf(0.5)), 9),
        round(float(special.jv(0, 1.5)), 9),
        signal.lfilter([1.0], [1.0, -0.5], np.ones(4)).tolist(),
        round(float(spline(1.5)), 6),
    ]
