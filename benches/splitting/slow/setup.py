"""An extension module that takes long to compile: how long, the variable FUNCTIONS says."""

import os
import subprocess
import sys

from setuptools import Extension, setup

subprocess.run([sys.executable, "generate.py", os.environ["FUNCTIONS"], "all.c"], check=True)
module = Extension("slow", ["slow.c", "all.c"], extra_compile_args=["-O3"])
setup(name="slow", version="1.0", ext_modules=[module], install_requires=["leaf"])
