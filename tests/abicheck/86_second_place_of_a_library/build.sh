# The first place has the right library for `right`; the second, which has a poorer one, is not gone to.
so right/first/libtwice.so.1 'int one(void) { return 1; } int two(void) { return 2; }' "$(soname libtwice.so.1)"
so right/second/libtwice.so.1 'int one(void) { return 1; }' "$(soname libtwice.so.1)"
module right/_right 'int two(void);' 'two()' "$SITE/right/first/libtwice.so.1"
package right 'import ctypes, os
def _open(folder, mode=ctypes.DEFAULT_MODE):
    ctypes.CDLL(os.path.join(os.path.dirname(__file__), folder, "libtwice.so.1"), mode)
try:
    _open("first")
except OSError:
    _open("second")
from . import _right'
# The first place of `wrong` is not there, so that it has the poorer one.
so wrong/second/libagain.so.1 'int one(void) { return 1; }' "$(soname libagain.so.1)"
so again.so 'int one(void) { return 1; } int two(void) { return 2; }' "$(soname libagain.so.1)"
module wrong/_wrong 'int two(void);' 'two()' "$SITE/again.so"
rm "$SITE/again.so"
package wrong 'import ctypes, os
try:
    ctypes.CDLL(os.path.join(os.path.dirname(__file__), "first", "libelse.so.1"))
except OSError:
    ctypes.CDLL(os.path.join(os.path.dirname(__file__), "second", "libagain.so.1"))
from . import _wrong'
for name in right wrong; do distribution $name; done
