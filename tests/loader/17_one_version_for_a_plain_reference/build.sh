cat > v.map <<'MAP'
V_1 { global: other; local: *; };
V_2 { global: f; } V_1;
MAP
so libv.so 'int f(void) { return 1; } int other(void) { return 1; }' $(soname libv.so) -Wl,--version-script,v.map
mkdir plain
so plain/libv.so 'int f(void) { return 1; }' $(soname libv.so)
so a.so 'int f(void); int a(void) { return f(); }' plain/libv.so $(runpath '$ORIGIN')
