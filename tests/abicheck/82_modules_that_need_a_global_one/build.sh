# `_ext` finds a function of `_core` only since the package's code makes `_core` global.
needs() {
    name=$1 says=$2
    module "$name/_core" "int core_$name(void) { return 5; }" ''
    module "$name/_ext" "int core_$name(void);" "core_$name()"
    package "$name" "$says"
    distribution "$name"
}
needs flags 'import ctypes, sys
_flags = sys.getdlopenflags() | ctypes.RTLD_GLOBAL
sys.setdlopenflags(_flags)
from . import _core
from . import _ext'
needs opened 'from ctypes import CDLL, RTLD_GLOBAL
from . import _core
CDLL(_core.__file__, mode=RTLD_GLOBAL)
from . import _ext'
needs managed 'import contextlib, os, sys
@contextlib.contextmanager
def _wide():
    old = sys.getdlopenflags()
    sys.setdlopenflags(old | os.RTLD_GLOBAL)
    yield
    sys.setdlopenflags(old)
with _wide():
    from . import _core
from . import _ext'
needs imported 'import importlib
importlib.import_module("flags")
from ._open import widely
with widely(f"{__package__}._core"):
    pass
from . import _ext'
printf 'import contextlib, importlib, os, sys\n@contextlib.contextmanager\ndef widely(name):\n    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)\n    yield importlib.import_module(name)\n    sys.setdlopenflags(os.RTLD_NOW)\n' >"$SITE/imported/_open.py"
