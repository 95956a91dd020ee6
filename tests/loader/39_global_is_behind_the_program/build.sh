so libg.so 'int g(void) { return 1; }' $(soname libg.so)
so libown.so 'int g(void) { return 2; }' $(soname libown.so)
so a.so 'int g(void); int a(void) { return g(); }' libown.so $(runpath '$ORIGIN')
