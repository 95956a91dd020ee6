so libg.so 'int g(void) { return 1; }' $(soname libg.so) -Wl,-z,global
so a.so 'int g(void); int a(void) { return g(); }'
