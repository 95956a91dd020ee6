so libv.so 'int v = 7; int *where(void) { return &v; }' $(soname libv.so)
program 'extern int v; int read_v(void) { return v; }' -fno-pie -no-pie libv.so $(runpath '$ORIGIN')
