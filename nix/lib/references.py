"""Writes beside the wheels of a folder which store paths their files refer to, for Nix to find them.

usage: references.py FOLDER STORE

Nix knows what an output refers to by looking for names of store paths in its bytes, and a wheel's are compressed.
Deliberately not here: paths in compressed files inside a wheel, which Nix would not find in what is installed either.
"""

import os
import re
import sys
import zipfile

folder, store = sys.argv[1:]
name = re.compile(re.escape(os.fsencode(store)) + rb"/[0-9a-z]{32}-[0-9A-Za-z+._?=-]+")
found = set()
for entry in os.listdir(folder):
    if entry.endswith(".whl"):
        with zipfile.ZipFile(os.path.join(folder, entry)) as wheel:
            for member in wheel.namelist():
                found.update(name.findall(wheel.read(member)))
if found:
    with open(os.path.join(folder, "references"), "wb") as file:
        file.writelines(path + b"\n" for path in sorted(found))
