so x/libp.so 'int p(void) { return 1; }'
ln x/libp.so x/libq.so
so a.so 'int p(void); int a(void) { return p(); }' -Lx -lp $(runpath '$ORIGIN/x')
so b.so 'int p(void); int b(void) { return p(); }' -Lx -lq $(runpath '$ORIGIN/x')
