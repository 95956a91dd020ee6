so sub/libz.so 'int z(void) { return 1; }'
so other/libz.so 'int z(void) { return 1; }'
so a.so 'int z(void); int a(void) { return z(); }' ./sub/libz.so $(runpath '$ORIGIN/other')
