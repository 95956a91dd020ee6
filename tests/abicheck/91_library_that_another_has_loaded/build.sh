# `libcore` has no list of folders: it finds the package's own `libanl.so.1`, which the module has loaded. Opened by itself
# it finds the system's.
for name in one two; do
    case $name in one) more= ;; two) more='int fresh(void) { return compressed(); }' ;; esac
    so $name.libs/libanl.so.1 "int of_$name; int compressed(void) { return 0; }" "$(soname libanl.so.1)"
    so $name.libs/libcore.so.1 "int compressed(void); int old(void) { return compressed(); } $more" "$(soname libcore.so.1)" \
        "$SITE/$name.libs/libanl.so.1"
done
module one/_one 'int old(void);' 'old()' "$SITE/one.libs/libanl.so.1" "$SITE/one.libs/libcore.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'int fresh(void);' 'fresh()' "$SITE/two.libs/libanl.so.1" "$SITE/two.libs/libcore.so.1" "$(runpath '$ORIGIN/../two.libs')"
for name in one two; do package $name; distribution $name; done
