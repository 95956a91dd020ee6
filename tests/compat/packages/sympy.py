"""Solves, integrates, differentiates, simplifies, and prints LaTeX and code; mpmath beneath it."""

OLD = ["sympy==1.9", "mpmath==1.2.1"]
NEW = ["sympy==1.14.0", "mpmath==1.3.0"]
CODE = "-"

import sympy


def work():
    x, y = sympy.symbols("x y")
    return [
        sympy.__version__,
        str(sympy.solve([x + y - 3, x - y - 1])),
        str(sympy.integrate(sympy.sin(x) ** 2, (x, 0, sympy.pi))),
        sympy.latex(sympy.diff(sympy.exp(x**2), x)),
        str(sympy.factor(x**3 - 1)),
        str(sympy.N(sympy.pi, 30)),
        sympy.lambdify(x, x**2 + 1)(3),
        sympy.ccode(x**2),
        str(sympy.Matrix([[1, 2], [3, 4]]).inv()),
    ]
