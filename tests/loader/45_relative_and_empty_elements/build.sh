so libe.so 'int e(void) { return 1; }'
so sub/libr.so 'int r(void) { return 1; }'
so a.so 'int e(void), r(void); int a(void) { return e() + r(); }' -L. -Lsub -le -lr
