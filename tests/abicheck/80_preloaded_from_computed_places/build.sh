# Each package opens its own library before its module, which needs it and has no RUNPATH.
preloads() {
    name=$1 says=$2 library=${3-$1/lib/libpre_$1.so.1}
    so "$library" "int pre_$name(void) { return 1; }" "$(soname "libpre_$name.so.1")"
    module "$name/_$name" "int pre_$name(void);" "pre_$name()" "$SITE/$library"
    package "$name" "import ctypes, glob, os, sys
from os.path import dirname, join
from pathlib import Path
HERE = dirname(os.path.abspath(__file__))
LIB = join(HERE, 'lib')
$says
from . import _$name"
}
preloads variable '_path = join(LIB, "libpre_variable.so.1")
ctypes.CDLL(_path)'
preloads loop 'for _name in ("libpre_%s.so.1" % word for word in ("loop",)):
    ctypes.CDLL(join(LIB, _name), ctypes.RTLD_GLOBAL)'
preloads table 'for _name, _mode in {"libpre_table.so.1": ctypes.DEFAULT_MODE}.items():
    ctypes.CDLL(f"{LIB}/{_name}", mode=_mode)'
preloads folder 'for _name in sorted(os.listdir(LIB)):
    if not _name.startswith("lib"):
        continue
    ctypes.CDLL(join(LIB, _name))'
preloads globbed 'for _path in glob.glob(join(LIB, "*.so*")):
    ctypes.CDLL(_path)'
preloads paths '[ctypes.CDLL(str(path)) for path in (Path(__file__).parent / "lib").iterdir() if path.name.endswith(".so.1")]'
preloads scanned 'with os.scandir(LIB) as _entries:
    for _entry in _entries:
        ctypes.CDLL(_entry.path)'
preloads walked 'for _folder, _, _names in os.walk(HERE):
    for _name in _names:
        if _name.startswith("libpre"):
            ctypes.CDLL(join(_folder, _name))'
preloads function 'def _load(name, folder=LIB):
    """Loads one."""
    return ctypes.cdll.LoadLibrary(join(folder, name))
_load("libpre_function.so.1")'
preloads returned 'def _where(stem):
    if sys.platform == "win32":
        return stem + ".dll"
    return join(LIB, f"lib{stem}.so.1")
_library = ctypes.PyDLL(_where("pre_returned"))'
preloads method 'class _Loader:
    names = ["libpre_method.so.1"]
    def __init__(self, folder):
        self.folder = folder
    def load(self):
        for name in self.names:
            ctypes.CDLL(join(self.folder, name))
_Loader(LIB).load()'
preloads mapped '_all = list(map(ctypes.CDLL, [join(LIB, "libpre_mapped.so.1")]))'
preloads beside '_libs = join(HERE, os.pardir, "beside.libs")
if os.path.isdir(_libs):
    for _name in os.listdir(_libs):
        ctypes.CDLL(join(_libs, _name))' beside.libs/libpre_beside.so.1
preloads second 'try:
    ctypes.CDLL("libpre_second.so.1")
except OSError:
    ctypes.CDLL(join(LIB, "libpre_second.so.1"))'
preloads resources 'from importlib.resources import files
ctypes.CDLL(str(files(__package__).joinpath("lib", "libpre_resources.so.1")))'
preloads searched 'for _folder in ("/nowhere", HERE, LIB):
    _path = join(_folder, "libpre_searched.so.1")
    if os.path.exists(_path):
        ctypes.CDLL(_path)
        break
else:
    raise ImportError("no library")'
preloads flagged '_found = False
for _name in ["libgone.so.1", join(LIB, "libpre_flagged.so.1")]:
    try:
        ctypes.CDLL(_name)
    except OSError:
        pass
    else:
        _found = True
        break
if not _found:
    raise ImportError("no library")'
preloads retried 'try:
    from . import _retried
except ImportError:
    ctypes.CDLL(join(LIB, "libpre_retried.so.1"))'
preloads elsewhere 'from ._pre import preload
preload("libpre_elsewhere.so.1")'
preloads handed 'from . import _first
_first.preload(LIB)'
preloads constant 'from ._where import FOLDER
ctypes.CDLL(join(FOLDER, "libpre_constant.so.1"))'
preloads found 'import importlib.util
for _folder in importlib.util.find_spec("vendor.native").submodule_search_locations:
    ctypes.CDLL(join(_folder, "libpre_found.so.1"))' vendor/native/libpre_found.so.1
preloads vendored 'import vendor.native
ctypes.CDLL(join(vendor.native.__path__[0], "libpre_vendored.so.1"))' vendor/native/libpre_vendored.so.1
preloads noted 'import vendor
vendor.preload("libpre_noted.so.1")' vendor/native/libpre_noted.so.1
printf 'import ctypes\nfrom pathlib import Path\ndef preload(*names):\n    for name in names:\n        ctypes.CDLL(Path(__file__).with_name("lib") / name)\n' >"$SITE/elsewhere/_pre.py"
printf 'from ._second import preload\n' >"$SITE/handed/_first.py"
printf 'import ctypes, os\ndef preload(folder):\n    for name in os.listdir(folder):\n        ctypes.CDLL(os.path.join(folder, name))\n' >"$SITE/handed/_second.py"
printf 'import os\nFOLDER = os.path.join(os.path.dirname(__file__), "lib")\n' >"$SITE/constant/_where.py"
package vendor 'import ctypes, os
def preload(name):
    ctypes.CDLL(os.path.join(os.path.dirname(__file__), "native", name))'
for name in variable loop table folder globbed paths scanned walked function returned method mapped beside second \
    resources searched flagged retried elsewhere handed constant found vendored noted vendor; do
    distribution $name
done
