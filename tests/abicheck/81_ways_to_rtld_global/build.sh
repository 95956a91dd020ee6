# Each package gives everyone its `table` in another way; that of `big` is larger, and bound to the one that came first.
gives() {
    name=$1 says=$2
    so "$name/libgives_$name.so" 'int table[1] = {7};' "$(soname "libgives_$name.so")"
    module "$name/_$name" 'int table[1] = {7};' 'table[0]++' -Wl,-Bsymbolic
    package "$name" "import contextlib, ctypes, os, sys
from os.path import dirname, join
$says"
    distribution "$name"
}
gives alias 'M = ctypes.RTLD_GLOBAL
ctypes.CDLL(join(dirname(__file__), "libgives_alias.so"), mode=M)'
gives default 'def _load(name, mode=ctypes.RTLD_GLOBAL):
    return ctypes.CDLL(join(dirname(__file__), name), mode=mode)
_load("libgives_default.so")'
gives listed 'for name in os.listdir(dirname(__file__)):
    if name.startswith("libgives"):
        ctypes.CDLL(join(dirname(__file__), name), ctypes.RTLD_GLOBAL)'
gives itself 'from . import _itself
ctypes.CDLL(_itself.__file__, mode=ctypes.RTLD_GLOBAL)'
gives flags 'old = sys.getdlopenflags()
new = old | os.RTLD_GLOBAL
sys.setdlopenflags(new)
from . import _flags
sys.setdlopenflags(old)'
gives manager '@contextlib.contextmanager
def _wide():
    old = sys.getdlopenflags()
    sys.setdlopenflags(old | ctypes.RTLD_GLOBAL)
    try:
        yield
    finally:
        sys.setdlopenflags(old)
with _wide():
    from . import _manager'
gives entered 'from ._wide import Wide
with Wide():
    from . import _entered'
printf 'import os, sys\nclass Wide:\n    def __enter__(self):\n        self.old = sys.getdlopenflags()\n        sys.setdlopenflags(os.RTLD_LAZY | os.RTLD_GLOBAL)\n    def __exit__(self, *rest):\n        sys.setdlopenflags(self.old)\n' >"$SITE/entered/_wide.py"
gives restored 'def _narrow(flags=sys.getdlopenflags()):
    sys.setdlopenflags(flags)
sys.setdlopenflags(sys.getdlopenflags() | 0x100)
_narrow()
from . import _restored'
# An array that is read behind the end of the smaller one: its page has no more after it.
module big/_big '#include <stdlib.h>
int table[6] = {1, 2, 3, 4, 5, 6};' 'if (table[0] != 1) abort()'
package big
distribution big
