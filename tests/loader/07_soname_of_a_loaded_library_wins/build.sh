so one/libs.so.1 'int s(void) { return 1; }' $(soname libs.so.1)
so two/libs.so.1 'int s(void) { return 2; }' $(soname libs.so.1)
so a.so 'int s(void); int a(void) { return s(); }' one/libs.so.1 $(runpath '$ORIGIN/one')
so b.so 'int s(void); int b(void) { return s(); }' two/libs.so.1 $(runpath '$ORIGIN/two')
