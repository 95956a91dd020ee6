for name in one two; do
    so $name/data/libdeep-$name.so.1 "int deep(void) { return 1; }" "$(soname libdeep-$name.so.1)"
    so $name/data/libdup.so.1 "int f(void) { return 1; }" "$(soname libdup.so.1)" "$SITE/$name/data/libdeep-$name.so.1" "$(runpath '$ORIGIN')"
    module $name/_$name '' ''
    package $name
    distribution $name
done
