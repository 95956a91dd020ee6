with_and_without_a_version
so a.so 'int f(void); int a(void) { return f(); }' one/libv.so.1 $(runpath '$ORIGIN/one')
so b.so 'int g(void); int b(void) { return g(); }' two/libv.so.1 $(runpath '$ORIGIN/one')
