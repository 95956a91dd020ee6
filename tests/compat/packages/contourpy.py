"""Finds contour lines and filled contours, of two neighbouring versions of one pybind11 module."""

OLD = ["contourpy==1.2.0", "numpy==1.26.4"]
NEW = ["contourpy==1.2.1", "numpy==2.3.5"]
CODE = "C++ (pybind11)"

import contourpy


def work():
    found = [contourpy.__version__]
    for name in ("serial", "threaded", "mpl2014"):
        contours = contourpy.contour_generator(z=[[0, 1, 2], [1, 2, 3], [2, 3, 4]], name=name)
        found += [len(contours.lines(1.5)), [len(part) for part in contours.filled(0.5, 2.5)], repr(type(contours))]
    found.append(str(contourpy.LineType.Separate))
    return found
