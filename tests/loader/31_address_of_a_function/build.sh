so libf.so 'int f(void) { return 1; }' $(soname libf.so)
program 'int f(void); void *address(void) { return (void *)f; } int call(void) { return f(); }' -fno-pie -no-pie libf.so $(runpath '$ORIGIN')
so address.so 'int f(void); int (*p)(void) = f;'
so call.so 'int f(void); int call(void) { return f(); }'
