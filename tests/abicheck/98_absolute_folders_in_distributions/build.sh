# Each module works on the struct of its own library, which an absolute list names; the first one's is smaller.
for name in one two; do
    case $name in
        one) shape='struct shape { int sides; void (*draw)(void); };' value='{4, 0}' ;;
        two) shape='struct shape { void (*draw)(void); int sides, corners; long pad; };' value='{nothing, 4}' ;;
    esac
    so $name.libs/libshape.so.1 "$shape static void nothing(void) {} struct shape shape = $value; void *keep = nothing;" "$(soname libshape.so.1)"
    module $name/_$name "$shape extern struct shape shape; void abort(void);" \
        "if (shape.sides == 4 && shape.draw) shape.draw(); if (shape.sides != 4) abort()" \
        "$SITE/$name.libs/libshape.so.1" "$(runpath "$SITE/$name.libs")"
    package $name; distribution $name
done
