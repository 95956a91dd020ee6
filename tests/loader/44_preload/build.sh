so libp.so 'int f(void) { return 1; }' $(soname libp.so)
so a.so 'int f(void) { return 2; } int a(void) { return f(); }'
