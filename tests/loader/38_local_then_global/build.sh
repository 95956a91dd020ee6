so libg.so 'int g(void) { return 1; }' $(soname libg.so)
so a.so 'int g(void); int a(void) { return g(); }'
