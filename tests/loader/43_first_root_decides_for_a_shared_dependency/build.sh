so libshared.so 'int hook(void); int shared(void) { return hook(); }' $(soname libshared.so)
so a.so 'int hook(void) { return 1; } int shared(void); int a(void) { return shared(); }' libshared.so $(runpath '$ORIGIN')
so b.so 'int hook(void) { return 2; } int shared(void); int b(void) { return shared(); }' libshared.so $(runpath '$ORIGIN')
