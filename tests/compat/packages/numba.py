"""Compiles loops, parallel code, a vectorised function and a class to machine code; llvmlite beneath it."""

OLD = ["numba==0.58.1", "llvmlite==0.41.1", "numpy==1.26.4"]
NEW = ["numba==0.62.1", "llvmlite==0.45.1", "numpy==2.3.5"]
CODE = "C, C++"

import numba
import numpy as np


@numba.njit
def primes(limit):
    found = [2]
    for number in range(3, limit):
        for known in found:
            if number % known == 0:
                break
        else:
            found.append(number)
    return found


@numba.vectorize(["float64(float64)"])
def squared(x):
    return x * x


def work():
    import llvmlite.binding as llvm

    @numba.njit(parallel=True)
    def total(n):
        found = 0
        for i in numba.prange(n):
            found += i
        return found

    return [
        numba.__version__,
        list(primes(30)),
        squared(np.arange(4.0)).tolist(),
        total(1000),
        list(llvm.llvm_version_info),
        len(primes.inspect_llvm(primes.signatures[0])) > 1000,
    ]
