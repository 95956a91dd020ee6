# `two` imports `one`, so that its own, poorer library never comes first.
echo 'DUP_1 { old; };' >two.map
echo 'DUP_1 { old; }; DUP_2 { fresh; } DUP_1;' >one.map
so one.libs/libdup.so.1 'int old(void) { return 1; } int fresh(void) { return 2; }' "$(soname libdup.so.1)" -Wl,--version-script=one.map
so two.libs/libdup.so.1 'int old(void) { return 1; }' "$(soname libdup.so.1)" -Wl,--version-script=two.map
module one/_one 'int fresh(void);' 'fresh()' "$SITE/one.libs/libdup.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'int old(void);' 'old()' "$SITE/two.libs/libdup.so.1" "$(runpath '$ORIGIN/../two.libs')"
package one
package two 'import one
from . import _two'
for name in one two; do distribution $name; done
