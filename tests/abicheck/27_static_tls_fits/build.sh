for name in one two; do
    module $name/_$name 'static __thread char t[832] __attribute__((tls_model("initial-exec")));' 't[0] = 1'
    package $name
    distribution $name
done
