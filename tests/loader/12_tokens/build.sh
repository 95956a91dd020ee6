lib=$(said dl_dst_lib) platform=$(said dl_platform)
so "$lib/libl.so" 'int l(void) { return 1; }' $(soname libl.so)
so "p-$platform/libp.so" 'int p(void) { return 1; }' $(soname libp.so)
so 'x/$ORIGINAL/libo.so' 'int o(void) { return 1; }' $(soname libo.so)
so libn.so 'int n(void) { return 1; }' $(soname '$ORIGIN/libn.so')
so a.so 'int l(void), p(void), o(void), n(void); int a(void) { return l() + p() + o() + n(); }' \
    "$lib/libl.so" "p-$platform/libp.so" 'x/$ORIGINAL/libo.so' libn.so \
    $(runpath '$ORIGIN/${LIB}:${ORIGIN}/p-$PLATFORM:$ORIGIN/x/$ORIGINAL')
