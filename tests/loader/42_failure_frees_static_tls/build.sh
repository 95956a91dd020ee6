ie='__attribute__((tls_model("initial-exec")))'
so a.so "static __thread char t[1600] $ie; char *a(void) { return t; } int nowhere(void); int aa(void) { return nowhere(); }"
so liba.so "static __thread char t[1600] $ie; char *a(void) { return t; }" $(soname liba.so)
so needs.so "int nowhere(void); int n(void) { return nowhere(); }" liba.so $(runpath '$ORIGIN')
so b.so "static __thread char t[1600] $ie; char *b(void) { return t; }"
