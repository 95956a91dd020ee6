# As Qt for its bindings: nobody imports the distribution that has the libraries.
so one_libs/libone.so 'int table[1] = {1}; int *one(void) { return table; }' "$(soname libone.so)"
module one/_one 'int *one(void);' 'one()' "$SITE/one_libs/libone.so" "$(runpath '$ORIGIN/../one_libs')"
module two/_two '
    static void nothing(void) {}
    void (*table[3])(void) = {nothing, nothing, nothing};' 'table[2]()'
package one 'import sys
flags = sys.getdlopenflags()
sys.setdlopenflags(flags | 0x100)
from . import _one
sys.setdlopenflags(flags)'
package two
distribution one-libs 1.0 "$TAG" one_libs
for name in one two; do distribution $name; done
