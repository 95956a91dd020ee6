so libt.so '__thread int t = 1;' $(soname libt.so)
so dynamic.so 'extern __thread int t; int a(void) { return t; }' libt.so $(runpath '$ORIGIN')
so offset.so 'extern __thread int t __attribute__((tls_model("initial-exec"))); int b(void) { return t; }' libt.so $(runpath '$ORIGIN')
