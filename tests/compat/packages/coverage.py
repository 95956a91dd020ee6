"""Measures which lines and branches of a program ran, and reports them."""

OLD = ["coverage==6.5.0"]
NEW = ["coverage==7.11.3"]
CODE = "C"

import io
import pathlib
import runpy
import tempfile

import coverage


def work():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "shop.py")
        file.write_text("def f(x):\n    if x:\n        return 1\n    return 2\n\nf(0)\n")
        measured = coverage.Coverage(data_file=None, branch=True, include=[str(file)], config_file=False)
        measured.start()
        try:
            runpy.run_path(str(file))
        finally:
            measured.stop()
        out = io.StringIO()
        percent = measured.report(file=out)
        _, lines, _, missing, _ = measured.analysis2(str(file))
    return [coverage.__version__, lines, missing, round(percent, 3), measured.sys_info()[0][0]]
