"""Goes into the packages under test: which version this package's own code sees, and which modules it sees loaded.

Deliberately not here: modules of the standard library, and those of packages that this package does not see.
"""

import importlib.metadata
import sys

DISTRIBUTION = ""  # Filled in when the package is made.


def seen(started):
    loaded = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        # Qualified names are other packages' versions.
        if isinstance(file, str) and "site-packages" in file and ":" not in name and name not in started:
            loaded[str(name)] = file
    return {"version": importlib.metadata.version(DISTRIBUTION), "sees": loaded}
