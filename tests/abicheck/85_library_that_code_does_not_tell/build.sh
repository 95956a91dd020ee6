# Where the library is stands in a file, or in an object that reading does not follow.
tells() {
    name=$1 says=$2
    so "$name/lib/libtold_$name.so.1" "int told_$name(void) { return 1; }" "$(soname "libtold_$name.so.1")"
    module "$name/_$name" "int told_$name(void);" "told_$name()" "$SITE/$name/lib/libtold_$name.so.1"
    package "$name" "import ctypes, os
$says
from . import _$name"
}
tells config 'for line in open(os.path.join(os.path.dirname(__file__), "libraries.txt")):
    ctypes.CDLL(os.path.join(os.path.dirname(__file__), line.strip()))'
echo lib/libtold_config.so.1 >"$SITE/config/libraries.txt"
tells indirect 'import functools
class Loader:
    def __getattr__(self, name):
        folder = os.path.join(os.path.dirname(__file__), "lib")
        return functools.partial(ctypes.CDLL, os.path.join(folder, "libtold_indirect.so.1"))
Loader().load()'
# And one that has no such code: nothing opens its library.
so plain/lib/libtold_plain.so.1 'int told_plain(void) { return 1; }' "$(soname libtold_plain.so.1)"
module plain/_plain 'int told_plain(void);' 'told_plain()' "$SITE/plain/lib/libtold_plain.so.1"
package plain
for name in config indirect plain; do distribution $name; done
