so one/libn.so 'int n(void) { return 1; }'
so two/libn.so 'int n(void) { return 2; }'
cd two
so ../b.so 'int n(void); int b(void) { return n(); }' -L. -ln $(runpath '$ORIGIN/two')
so ../c.so 'int n(void); int c(void) { return n(); }' -L. -ln $(runpath '$ORIGIN/one')
