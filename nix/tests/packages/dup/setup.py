"""An extension module and its library: every version's has the same SONAME, and symbols of a version of its own."""

import subprocess

from setuptools import Extension, setup

VERSION = "1.0"
LIBRARY = "dup/libdup.so.1"

with open("dup.map", "w") as file:
    file.write(f"DUP_{VERSION} {{ value; }};")
flags = ["-shared", "-fPIC", "-Wl,-soname,libdup.so.1", "-Wl,--version-script=dup.map"]
subprocess.run(["cc", *flags, f"-DVALUE={int(float(VERSION))}", "-o", LIBRARY, "value.c"], check=True)
module = Extension("dup._dup", ["dup.c"], extra_objects=[LIBRARY], extra_link_args=["-Wl,-rpath,$ORIGIN"])
data = {"dup": ["libdup.so.1"]}
setup(name="dup", version=VERSION, packages=["dup"], package_data=data, ext_modules=[module])
