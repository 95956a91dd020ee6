so call.so 'int nowhere(void); int a(void) { return nowhere(); }' -Wl,-z,lazy
so now.so 'int nowhere(void); int a(void) { return nowhere(); }' -Wl,-z,now
so data.so 'extern int nothing; int a(void) { return nothing; }' -Wl,-z,lazy
