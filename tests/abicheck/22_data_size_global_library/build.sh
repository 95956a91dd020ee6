so one/libone.so 'int table[1] = {1}; int *one(void) { return table; }'
module one/_one '' ''
module two/_two '
    static void nothing(void) {}
    void (*table[3])(void) = {nothing, nothing, nothing};' 'table[2]()'
package one 'import ctypes
import os
from . import _one
library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "libone.so"), mode=ctypes.RTLD_GLOBAL)'
package two
for name in one two; do distribution $name; done
