echo 'DUP_1 { old; };' >one.map
echo 'DUP_1 { old; }; DUP_2 { fresh; } DUP_1;' >two.map
so pkg.libs/libdup.so.1 'int old(void) { return 1; } int fresh(void) { return 2; }' "$(soname libdup.so.1)" -Wl,--version-script=two.map
module pkg/_pkg 'int fresh(void);' 'fresh()' "$SITE/pkg.libs/libdup.so.1" "$(runpath '$ORIGIN/../pkg.libs')"
so pkg.libs/libdup.so.1 'int old(void) { return 1; }' "$(soname libdup.so.1)" -Wl,--version-script=one.map
package pkg
distribution pkg
