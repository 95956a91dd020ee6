so liba.so 'int a(void) { return 1; }' $(soname liba.so)
so libb.so 'int a(void); int b(void) { return a(); }' $(soname libb.so) liba.so $(runpath '$ORIGIN')
so liba.so 'int b(void); int a(void) { return b(); }' $(soname liba.so) libb.so $(runpath '$ORIGIN')
