so libw.so '__attribute__((weak)) int f(void) { return 1; }' $(soname libw.so)
so libs.so 'int f(void) { return 2; }' $(soname libs.so)
so a.so 'int f(void); int a(void) { return f(); }' libw.so libs.so $(runpath '$ORIGIN')
