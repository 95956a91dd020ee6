[ "$(uname -m)" = x86_64 ] && level=x86-64-v2 || level=none
so x/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so x/glibc-hwcaps/$level/libb.so 'int b(void) { return 2; }' $(soname libb.so)
so x/tls/libt.so 'int t(void) { return 1; }' $(soname libt.so)
so x/libt.so 'int t(void) { return 2; }' $(soname libt.so)
so a.so 'int b(void), t(void); int a(void) { return b() + t(); }' x/libb.so x/libt.so $(runpath '$ORIGIN/x')
