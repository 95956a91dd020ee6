so one/libone.so 'int answer(void) { return 1; }' "$(soname libone.so)"
module one/_one '' ''
module two/_two 'int answer(void) { return 2; } int other(void) { return 3; } void abort(void);' \
    'if (answer() + other() != 5) abort()'
package one 'import ctypes, os
from . import _one
ctypes.CDLL(os.path.join(os.path.dirname(__file__), "libone.so"), mode=ctypes.RTLD_GLOBAL)'
package two
for name in one two; do distribution $name; done
