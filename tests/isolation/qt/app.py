"""`QtCore` and `QtNetwork` of both bindings. The argument says whether root's or the pin's is imported first."""

import importlib
import sys

names = ["PyQt6", "PySide6"] if sys.argv[1] == "root" else ["PySide6", "PyQt6"]
cores = {name: importlib.import_module(f"{name}.QtCore") for name in names}
versions = {}
for name, core in cores.items():
    thing = core.QObject()
    thing.setObjectName(name)
    network = importlib.import_module(f"{name}.QtNetwork")
    assert (thing.objectName(), network.QHostAddress("127.0.0.1").toString()) == (name, "127.0.0.1")
    versions[name] = core.qVersion()
print(", ".join(f"{name} on Qt {version}" for name, version in versions.items()))
if versions != {"PyQt6": "6.7.3", "PySide6": "6.5.0"}:
    sys.exit("both are on one Qt")
