"""A timer of each PySide6 runs in an event loop of its own Qt, and each paints an image. The argument says which is
imported first.
"""

import sys

if sys.argv[1] == "pin":
    import other
    from PySide6 import QtCore, QtGui
else:
    from PySide6 import QtCore, QtGui
    import other


def works(core, gui):
    said = []
    # A process has one of each Qt.
    application = core.QCoreApplication.instance() or core.QCoreApplication([])
    core.QTimer.singleShot(0, lambda: (said.append(core.qVersion()), application.quit()))
    application.exec()
    image = gui.QImage(4, 4, gui.QImage.Format.Format_RGB32)
    image.fill(gui.QColor(10, 20, 30))
    return said == [core.qVersion()] and image.pixelColor(2, 2).green() == 20


versions = {"root": QtCore.qVersion(), "pin": other.QtCore.qVersion()}
print(", ".join(f"{name}: Qt {version}" for name, version in versions.items()))
if sorted(versions.values()) != ["6.5.0", "6.7.2"]:
    sys.exit("both are on one Qt")
if not all(works(core, gui) for core, gui in [(QtCore, QtGui), (other.QtCore, other.QtGui)] * 2):
    sys.exit("one of them does not work")
