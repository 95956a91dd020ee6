echo 'DUP_1 { old; };' >one.map
echo 'DUP_1 { old; }; DUP_2 { fresh; } DUP_1;' >two.map
so one.libs/libdup.so.1 'int old(void) { return 1; }' "$(soname libdup.so.1)" -Wl,--version-script=one.map
so two.libs/libdup.so.1 'int old(void) { return 1; } int fresh(void) { return 2; }' "$(soname libdup.so.1)" -Wl,--version-script=two.map
module one/_one 'int old(void);' 'old()' "$SITE/one.libs/libdup.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'int fresh(void);' 'fresh()' "$SITE/two.libs/libdup.so.1" "$(runpath '$ORIGIN/../two.libs')"
package one
package two 'try:
    from . import _two
except ImportError:
    _two = None'
for name in one two; do distribution $name; done
