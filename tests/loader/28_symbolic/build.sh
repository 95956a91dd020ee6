so libfirst.so 'int f(void) { return 1; }' $(soname libfirst.so)
so plain.so 'int f(void) { return 2; } int a(void) { return f(); }' $(soname plain.so) -Wl,-z,now
cp plain.so symbolic.so
# DT_FLAGS: DF_BIND_NOW and DF_SYMBOLIC, with the relocations that -Bsymbolic would have left out.
patch symbolic.so 1e000000000000000800000000000000 1e000000000000000a00000000000000
patch symbolic.so 706c61696e2e736f00 6f746865722e736f00
