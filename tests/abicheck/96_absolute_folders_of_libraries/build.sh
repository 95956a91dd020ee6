# Each package has its libraries elsewhere, and names the folder. `libshape` has a struct; `libuser`,
# which is between it and the module, has a list of its own.
for name in one two; do
    case $name in
        one) shape='struct shape { int sides; void (*draw)(void); };' value='{4, 0}' ;;
        two) shape='struct shape { void (*draw)(void); int sides, corners; long pad; };' value='{nothing, 4}' ;;
    esac
    elsewhere=$(dirname "$SITE")/store/$name
    so ../store/$name/libshape.so.1 "$shape static void nothing(void) {} struct shape shape = $value; void *keep = nothing;" "$(soname libshape.so.1)"
    so ../store/$name/libuser-$name.so "$shape extern struct shape shape;
        int sides_$name(void) { if (shape.draw) shape.draw(); return shape.sides; }" \
        "$(soname libuser-$name.so)" "$elsewhere/libshape.so.1" "$(runpath "$elsewhere")"
    module $name/_$name "int sides_$name(void); void abort(void);" "if (sides_$name() != 4) abort()" \
        "$elsewhere/libuser-$name.so" "$(rpath "$elsewhere")" "-Wl,-rpath-link,$elsewhere"
    package $name; distribution $name
done
