"""`QtCore` and `QtNetwork` of both bindings, and the plugins that read images. The argument says whether root's or the pin's
is imported first."""

import importlib
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

names = ["PyQt6", "PySide6"] if sys.argv[1] == "root" else ["PySide6", "PyQt6"]
cores = {name: importlib.import_module(f"{name}.QtCore") for name in names}
versions = {}
for name, core in cores.items():
    thing = core.QObject()
    thing.setObjectName(name)
    network = importlib.import_module(f"{name}.QtNetwork")
    assert (thing.objectName(), network.QHostAddress("127.0.0.1").toString()) == (name, "127.0.0.1")
    versions[name] = core.qVersion()
    # Qt opens every plugin to find one that knows the file.
    assert importlib.import_module(f"{name}.QtGui").QImage(__file__).isNull()
# PySide6's plugin for PDF needs a library that only PyQt6 brings.
loaded = Path("/proc/self/maps").read_text()
assert "/PyQt6/Qt6/plugins/imageformats/libqpdf.so" in loaded, "PyQt6's plugin is not loaded"
if "/PySide6/Qt/plugins/imageformats/libqpdf.so" in loaded:
    sys.exit("PySide6's plugin works on PyQt6's Qt")
print(", ".join(f"{name} on Qt {version}" for name, version in versions.items()))
if versions != {"PyQt6": "6.7.3", "PySide6": "6.5.0"}:
    sys.exit("both are on one Qt")
