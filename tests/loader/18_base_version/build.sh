cat > v.map <<'MAP'
V_1 { global: f; g; };
MAP
cat > w.map <<'MAP'
V_1 { global: g; };
MAP
mkdir linked
so linked/libv.so 'int f(void) { return 1; } int g(void) { return 1; }' $(soname libv.so) -Wl,--version-script,v.map
so a.so 'int f(void), g(void); int a(void) { return f() + g(); }' linked/libv.so $(runpath '$ORIGIN')
so libv.so 'int f(void) { return 1; } int g(void) { return 1; }' $(soname libv.so) -Wl,--version-script,w.map
