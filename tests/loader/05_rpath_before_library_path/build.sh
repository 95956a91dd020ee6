so x/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so y/libb.so 'int b(void) { return 2; }' $(soname libb.so)
so a.so 'int b(void); int a(void) { return b(); }' x/libb.so $(rpath '$ORIGIN/x')
