"""Imports every module that an installed wheel provides at its top, or those that are named.

usage: imports.py INSTALLED [MODULE]...

Deliberately not here: which names a wheel provides; `facts.json` says that.
"""

import importlib
import json
import os
import sys
import traceback

installed, *modules = sys.argv[1:]
if not modules:
    with open(os.path.join(installed, "facts.json")) as file:
        provides = json.load(file)["facts"]["provides"]
    modules = sorted(name for name, kind in provides.items() if kind in ("package", "module"))
for name in modules:
    try:
        importlib.import_module(name)
    except BaseException as error:
        # Whatever it raises, SystemExit included: this import did not work.
        traceback.print_exc()
        sys.exit(f"error: could not import `{name}`: {type(error).__name__}: {error}")
