"""Runs inside an environment under test: uses the packages that it is given in turn, and prints what they saw.

Deliberately not here: what is right. The caller compares with ordinary environments.
"""

import importlib
import json
import sys


def main(names):
    started = set(sys.modules)  # What the environment itself brings.
    results = {name: [] for name in names}
    for _ in range(3):
        for name in names:
            # At the first round this is the import, with the other version loaded and used already.
            results[name].append(importlib.import_module(name).work())
    seen = {name: importlib.import_module(f"{name}.seen").seen(started) for name in names}
    said = {name: {"results": results[name], **seen[name]} for name in names}
    print("\n" + json.dumps({"packages": said, "loaded": _files(started), "started": sorted(started)}, default=str))


def _files(started):
    """Every module that came from site-packages, by its natural name: lists, for there may be several."""
    files = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "site-packages" in file and name not in started:
            files.setdefault(str(name).rpartition(":")[2], []).append(file)
    return files


main(sys.argv[1:])
