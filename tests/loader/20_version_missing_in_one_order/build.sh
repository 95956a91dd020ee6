cat > one.map <<'MAP'
V_1 { global: f; local: *; };
MAP
cat > two.map <<'MAP'
V_1 { global: f; local: *; };
V_2 { global: g; } V_1;
MAP
so one/libv.so.1 'int f(void) { return 1; }' $(soname libv.so.1) -Wl,--version-script,one.map
so two/libv.so.1 'int f(void) { return 1; } int g(void) { return 2; }' $(soname libv.so.1) -Wl,--version-script,two.map
so a.so 'int f(void); int a(void) { return f(); }' one/libv.so.1 $(runpath '$ORIGIN/one')
so b.so 'int g(void); int b(void) { return g(); }' two/libv.so.1 $(runpath '$ORIGIN/two')
