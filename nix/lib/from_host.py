"""Copies a distribution of this interpreter into a folder: what the host's packages build with.

usage: from_host.py NAME FOLDER [VERSION]

Deliberately not here: what it depends on.
"""

import importlib.metadata
import os
import shutil
import sys

name, folder, *version = sys.argv[1:]
try:
    found = importlib.metadata.distribution(name)
except importlib.metadata.PackageNotFoundError:
    sys.exit(f"error: {sys.executable} has no distribution {name} to build with\nhint: install it on the host, or pass a buildSet of wheels")
if version and found.version != version[0]:
    sys.exit(f"error: {sys.executable} has {name} {found.version}, and {version[0]} was asked for")
metadata = found._path
site = os.path.dirname(metadata)
names = [os.path.basename(metadata), *(found.read_text("top_level.txt") or name).split()]
os.makedirs(folder)
for top in names:
    for entry in (top, f"{top}.py"):
        source = os.path.join(site, entry)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(folder, entry), ignore=shutil.ignore_patterns("__pycache__"))
        elif os.path.isfile(source):
            shutil.copyfile(source, os.path.join(folder, entry))
