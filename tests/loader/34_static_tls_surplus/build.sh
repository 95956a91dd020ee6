ie='__attribute__((tls_model("initial-exec")))'
for size in 832 900; do
    for name in a b; do
        so $name$size.so "static __thread char t[$size] $ie; char *$name(void) { return t; }"
    done
done
so dynamic.so 'static __thread char t[4000]; char *d(void) { return t; }'
