so libfirst.so 'int v = 1; int f(void) { return 1; }' $(soname libfirst.so)
# Protected in the symbol table alone, so that relocations stay.
so a.so 'int v = 2; int f(void) { return 2; } int a(void) { return f() + v; }
    int *pv = &v; int (*pf)(void) = f;
    __asm__(".protected f\n.protected v");'
