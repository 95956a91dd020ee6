cat > two.map <<'MAP'
V_1 { global: f; local: *; };
V_2 { global: g; } V_1;
MAP
cat > one.map <<'MAP'
V_1 { global: f; local: *; };
MAP
so two/libv.so 'int f(void) { return 1; } int g(void) { return 2; }' $(soname libv.so) -Wl,--version-script,two.map
so one/libv.so 'int f(void) { return 1; }' $(soname libv.so) -Wl,--version-script,one.map
so a.so 'int f(void); __attribute__((weak)) int g(void); int a(void) { return g ? g() : f(); }' two/libv.so $(runpath '$ORIGIN/one')
# Linkers do not set VER_FLG_WEAK; it follows the hash of V_2.
patch a.so 225c00000000 225c00000200
