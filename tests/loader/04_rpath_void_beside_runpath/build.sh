so x/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so y/libb.so 'int b(void) { return 2; }' $(soname libb.so)
# No linker of today writes both: DT_AUXILIARY is made DT_RUNPATH.
so a.so 'int b(void); int a(void) { return b(); }' x/libb.so $(rpath '$ORIGIN/x') '-Wl,-f,$ORIGIN/y'
patch a.so fdffff7f00000000 1d00000000000000
