# As wheels do whose libraries lie in another wheel: found by its SONAME, once Python code has opened it.
so libs_of_one/lib/libpre.so.1 'int pre(void) { return 1; }' "$(soname libpre.so.1)"
module one/_one 'int pre(void);' 'pre()' "$SITE/libs_of_one/lib/libpre.so.1"
package one 'import ctypes
import os
folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "libs_of_one", "lib")
ctypes.CDLL(os.path.join(folder, "libpre.so.1"), mode=ctypes.RTLD_GLOBAL)
from . import _one'
distribution libs_of_one
distribution one
