"""Switches between greenlets, throws into them, and leaves generators running inside."""

OLD = ["greenlet==2.0.2"]
NEW = ["greenlet==3.2.4"]
CODE = "C++"

import greenlet


def work():
    seen = []

    def one():
        seen.append(two_.switch("a"))
        try:
            two_.switch("b")
        except ValueError as error:
            seen.append(str(error))

    def two(said):
        seen.append(said)
        seen.append(one_.switch("c"))
        one_.throw(ValueError, "thrown")

    one_, two_ = greenlet.greenlet(one), greenlet.greenlet(two)
    one_.switch()
    return [greenlet.__version__, seen, one_.dead, two_.dead, greenlet.getcurrent().parent is None]
