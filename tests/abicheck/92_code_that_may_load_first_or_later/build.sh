# RTLD_LAZY: a function that is never called may be missing.
module lazy/_lazy 'int nowhere(void); int unused(void) { return nowhere(); }' '' -Wl,-z,lazy
package lazy 'import os, sys
sys.setdlopenflags(os.RTLD_LAZY)
from . import _lazy'
# What is needed is loaded by code that reading does not follow.
first() {
    name=$1
    so "$name/lib/libfirst_$name.so.1" "int first_$name(void) { return 1; }" "$(soname "libfirst_$name.so.1")"
    module "$name/_$name" "int first_$name(void);" "first_$name()" "$SITE/$name/lib/libfirst_$name.so.1"
    package "$name" "import ctypes, os, sys
here = os.path.dirname(__file__)
$2
from . import _$name"
    distribution "$name"
}
loads() { printf 'import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), "lib", "libfirst_%s.so.1"))\n' "$1"; }
first beside 'sys.path.insert(0, here)
import _first_of_beside'
loads beside >"$SITE/beside/_first_of_beside.py"
first run 'import runpy
runpy.run_path(os.path.join(here, "first.py"))'
loads run >"$SITE/run/first.py"
first text 'exec(open(os.path.join(here, "first.py")).read())'
loads text >"$SITE/text/first.py"
# And by nothing: what opens libraries opens others, or is never called.
first libc 'import ctypes.util
ctypes.CDLL(ctypes.util.find_library("c"))'
first windows 'if os.name == "nt":
    ctypes.CDLL(sys.argv[1])'
first uncalled 'def load(path):
    return ctypes.CDLL(path)'
# Who catches it is not told.
so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
tries() {
    name=$1
    module "$name/_$name" 'int gone(void);' 'gone()' "$SITE/gone.so"
    package "$name" "$2"
    distribution "$name"
}
tries stack 'import contextlib
with contextlib.ExitStack() as stack:
    stack.enter_context(contextlib.suppress(ImportError))
    from . import _stack'
tries quiet 'class Quiet:
    def __enter__(self): pass
    def __exit__(self, *raised): return True
with Quiet():
    from . import _quiet'
tries named 'from ._errors import Refused
try:
    from . import _named
except Refused:
    pass'
echo 'Refused = ImportError' >"$SITE/named/_errors.py"
rm "$SITE/gone.so"
distribution lazy
