so real/libb.so 'int b(void) { return 1; }'
so link/libb.so 'int b(void) { return 2; }'
so real/a.so 'int b(void); int a(void) { return b(); }' -Lreal -lb $(runpath '$ORIGIN')
ln -s ../real/a.so link/a.so
