so x/libb.so 'int b(void) { return 1; }' $(soname libb.so)
program '' $(runpath '$ORIGIN/x')
