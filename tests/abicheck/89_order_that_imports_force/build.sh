so one.libs/libdup.so.1 'int old(void) { return 1; }' "$(soname libdup.so.1)"
so two.libs/libdup.so.1 'int old(void) { return 1; } int fresh(void) { return 2; }' "$(soname libdup.so.1)"
module one/_one 'int old(void);' 'old()' "$SITE/one.libs/libdup.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'int fresh(void);' 'fresh()' "$SITE/two.libs/libdup.so.1" "$(runpath '$ORIGIN/../two.libs')"
package one
package two 'import one
from . import _two'
for name in one two; do distribution $name; done
