# What `two` has counted in its own core, `libhigh` of `one` does not see.
high='int core_count(void); int high_count(void) { return core_count(); }'
for name in one two; do
    case $name in one) hash=11111111 ;; two) hash=22222222 ;; esac
    so $name.libs/libcore-$hash.so.1 "static int count; void core_add(void) { count++; } int core_count(void) { return count; }" "$(soname libcore-$hash.so.1)"
    so $name.libs/libhigh.so.1 "$high int high_of_$name;" "$(soname libhigh.so.1)" "$SITE/$name.libs/libcore-$hash.so.1" "$(runpath '$ORIGIN')"
done
module one/_one 'int high_count(void);' 'high_count()' "$SITE/one.libs/libhigh.so.1" "$(runpath '$ORIGIN/../one.libs')"
module two/_two 'int high_count(void); void core_add(void); int core_count(void); void abort(void);' \
    'core_add(); if (high_count() != core_count()) abort()' \
    "$SITE/two.libs/libcore-22222222.so.1" "$SITE/two.libs/libhigh.so.1" "$(runpath '$ORIGIN/../two.libs')"
for name in one two; do package $name; distribution $name; done
