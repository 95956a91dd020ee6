"""Compiles a module to C, and cythonizes a function with types, errors and directives."""

OLD = ["cython==0.29.37"]
NEW = ["cython==3.2.1"]
CODE = "Cython"

import contextlib
import io
import pathlib
import tempfile

import Cython


def work():
    from Cython.Compiler import Errors, Main
    from Cython.Compiler import Options

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        good, bad = pathlib.Path(folder, "good.pyx"), pathlib.Path(folder, "bad.pyx")
        good.write_text("cdef class P:\n    cdef public int x\n    def twice(self):\n        return self.x * 2\n")
        bad.write_text("cdef int f(:\n")
        done = Main.compile(str(good), Main.CompilationOptions(Main.default_options, language_level=3))
        text = pathlib.Path(done.c_file).read_text()
        failed = Main.compile(str(bad), Main.CompilationOptions(Main.default_options, language_level=3))
    return [Cython.__version__, done.num_errors, text.count("twice") > 3, text[:30], failed.num_errors > 0, Errors.CompileError.__module__]
