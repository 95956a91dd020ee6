so libt.so '__thread char t[1000];' $(soname libt.so)
so big.so '__attribute__((tls_model("initial-exec"))) static __thread char u[1000]; char *f(void) { return u; }'
so offset.so 'extern __thread char t[1000] __attribute__((tls_model("initial-exec"))); char *b(void) { return t; }' libt.so $(runpath '$ORIGIN')
