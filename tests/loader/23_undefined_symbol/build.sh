cat > v.map <<'MAP'
V_1 { global: f; g; };
MAP
so full/libv.so 'int f(void) { return 1; } int g(void) { return 1; }' $(soname libv.so) -Wl,--version-script,v.map
so less/libv.so 'int g(void) { return 1; }' $(soname libv.so) -Wl,--version-script,v.map
so a.so 'int f(void); int a(void) { return f(); }' full/libv.so $(runpath '$ORIGIN/less')
so b.so 'int nowhere(void); int b(void) { return nowhere(); }'
