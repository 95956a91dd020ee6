so libi.so 'static int one(void) { return 1; } static void *pick(void) { return (void *)one; }
    int f(void) __attribute__((ifunc("pick")));' $(soname libi.so)
so a.so 'int f(void); int a(void) { return f(); }' libi.so $(runpath '$ORIGIN')
