"""An extension module whose value the environment may choose, and which may need a library that it does not bring."""

import os
import subprocess

from setuptools import Extension, setup

libraries = []
if "GONE" in os.environ:
    with open("gone.c", "w") as file:
        file.write("int gone(void) { return 1; }")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "libgone.so", "gone.c"], check=True)
    libraries = ["gone"]
macros = [("ANSWER", os.environ.get("ANSWER", "42")), *((name.upper(), "1") for name in libraries)]
native = Extension("native", ["native.c"], define_macros=macros, libraries=libraries, library_dirs=["."])
setup(name="native", version="1.0", ext_modules=[native])
