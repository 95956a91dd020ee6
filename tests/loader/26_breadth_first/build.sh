so libdeep.so 'int f(void) { return 1; }' $(soname libdeep.so)
so libone.so 'int one(void) { return 1; }' $(soname libone.so) libdeep.so $(runpath '$ORIGIN')
so libtwo.so 'int f(void) { return 2; }' $(soname libtwo.so)
so a.so 'int f(void); int a(void) { return f(); }' libone.so libtwo.so $(runpath '$ORIGIN')
