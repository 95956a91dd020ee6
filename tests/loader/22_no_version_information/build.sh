cat > v.map <<'MAP'
V_1 { global: f; };
MAP
so versioned/libv.so 'int f(void) { return 1; }' $(soname libv.so) -Wl,--version-script,v.map
so plain/libv.so '#include <stdlib.h>
    int f(void) { return abs(1) + !getenv("X"); }' $(soname libv.so)
so a.so 'int f(void); int a(void) { return f(); }' versioned/libv.so $(runpath '$ORIGIN/plain')
