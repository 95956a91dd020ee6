"""Solves linear constraints with strengths, in C++."""

OLD = ["kiwisolver==1.3.2"]
NEW = ["kiwisolver==1.4.9"]
CODE = "C++ (cppy)"

import kiwisolver


def work():
    from kiwisolver import Solver, Variable

    solver, left, width = Solver(), Variable("left"), Variable("width")
    solver.addConstraint(left + width == 100)
    solver.addConstraint((left >= 10) | "strong")
    solver.addEditVariable(width, "medium")
    solver.suggestValue(width, 95)
    solver.updateVariables()
    try:
        solver.addConstraint(left + width == 50)
    except kiwisolver.UnsatisfiableConstraint as error:
        wrong = type(error).__name__
    return [kiwisolver.__version__, left.value(), width.value(), wrong, str((2 * left + 1).value())]
