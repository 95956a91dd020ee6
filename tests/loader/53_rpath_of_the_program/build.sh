so x/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so a.so 'int b(void); int a(void) { return b(); }' x/libb.so
so c.so 'int b(void); int c(void) { return b(); }' x/libb.so $(runpath '$ORIGIN/nowhere')
program '' $(rpath '$ORIGIN/x')
