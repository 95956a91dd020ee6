# `libhigh.so.1` of each package works on that package's own core, whose handles are laid out differently. `two` makes
# handles with its own core and gives them to `libhigh`; `one` only speaks with `libhigh`.
so one.libs/libcore-1111.so.1 '
    struct handle { void (*close)(void); int value; };
    static void nothing(void) {}
    static struct handle it = {nothing, 1};
    struct handle *core_open(void) { return &it; }
    int core_value(struct handle *handle) { handle->close(); return handle->value; }' "$(soname libcore-1111.so.1)"
so two.libs/libcore-2222.so.1 '
    struct handle { long value; };
    static struct handle it = {1};
    struct handle *core_open(void) { return &it; }
    int core_value(struct handle *handle) { return handle->value; }' "$(soname libcore-2222.so.1)"
high='
    struct handle;
    struct handle *core_open(void);
    int core_value(struct handle *);
    int high_value(struct handle *handle) { return core_value(handle); }
    int high_own(void) { return core_value(core_open()); }'
so one.libs/libhigh.so.1 "$high" "$(soname libhigh.so.1)" "$SITE/one.libs/libcore-1111.so.1" "$(runpath '$ORIGIN')"
so two.libs/libhigh.so.1 "$high" "$(soname libhigh.so.1)" "$SITE/two.libs/libcore-2222.so.1" "$(runpath '$ORIGIN')"
module one/_one 'int high_own(void);' 'high_own()' "$SITE/one.libs/libhigh.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'void *core_open(void); int high_value(void *);' 'high_value(core_open())' \
    "$SITE/two.libs/libcore-2222.so.1" "$SITE/two.libs/libhigh.so.1" "$(runpath '$ORIGIN/../two.libs')"
for name in one two; do package $name; distribution $name; done
