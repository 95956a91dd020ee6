# `libhigh` of each package was built on another library, and the packages expect that one behind it.
high='int kind(void); int high_kind(void) { return kind(); }'
for name in one two; do
    so $name.libs/lib$name.so.1 "int kind(void) { return '${name#??}'; }" "$(soname lib$name.so.1)"
    so $name.libs/libhigh.so.1 "$high" "$(soname libhigh.so.1)" "$SITE/$name.libs/lib$name.so.1" "$(runpath '$ORIGIN')"
    module $name/_$name 'int high_kind(void); int kind(void); void abort(void);' \
        'if (high_kind() != kind()) abort()' \
        "$SITE/$name.libs/lib$name.so.1" "$SITE/$name.libs/libhigh.so.1" "$(runpath "\$ORIGIN/../$name.libs")"
    package $name
    distribution $name
done
