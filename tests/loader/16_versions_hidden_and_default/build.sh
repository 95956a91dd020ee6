cat > one.map <<'MAP'
V_1 { global: f; local: *; };
MAP
cat > two.map <<'MAP'
V_1 { global: f; local: *; };
V_2 { global: f; } V_1;
MAP
mkdir first
so first/libv.so.1 'int f(void) { return 1; }' $(soname libv.so.1) -Wl,--version-script,one.map
so old.so 'int f(void); int old(void) { return f(); }' first/libv.so.1 $(runpath '$ORIGIN')
so first/libv.so.1 'int f(void) { return 0; }' $(soname libv.so.1)
so plain.so 'int f(void); int plain(void) { return f(); }' first/libv.so.1 $(runpath '$ORIGIN')
so libv.so.1 '__asm__(".symver f1, f@V_1"); __asm__(".symver f2, f@@V_2");
    int f1(void) { return 1; } int f2(void) { return 2; }' $(soname libv.so.1) -Wl,--version-script,two.map
so new.so 'int f(void); int new(void) { return f(); }' libv.so.1 $(runpath '$ORIGIN')
