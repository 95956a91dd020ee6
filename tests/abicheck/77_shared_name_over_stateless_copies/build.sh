# As zlib below libpng: a table of addresses that nobody writes to, without symbols, and no state.
core='
    static int first(void) { return 1; }
    static int second(void) { return 2; }
    struct row { int (*call)(void); int number; };
    static struct row rows[] = {{first, 1}, {second, 2}};
    int core_call(int at) { return rows[at & 1].call() - rows[at & 1].number; }'
high='int core_call(int); int high_call(int at) { return core_call(at); }'
for name in one two; do
    case $name in one) hash=11111111 ;; two) hash=22222222 ;; esac
    so $name.libs/libcore-$hash.so.1 "$core char made_for_$name(void) { return 0; }" "$(soname libcore-$hash.so.1)" -s
    so $name.libs/libhigh.so.1 "$high" "$(soname libhigh.so.1)" "$SITE/$name.libs/libcore-$hash.so.1" "$(runpath '$ORIGIN')"
    module $name/_$name 'int high_call(int); int core_call(int); void abort(void);' \
        'if (high_call(0) || core_call(1)) abort()' \
        "$SITE/$name.libs/libcore-$hash.so.1" "$SITE/$name.libs/libhigh.so.1" "$(runpath "\$ORIGIN/../$name.libs")"
    package $name
    distribution $name
done
