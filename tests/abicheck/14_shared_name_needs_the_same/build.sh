for name in one two; do
    so $name.libs/libdup.so.1 "int f(void) { return 1; } char made_for_$name;" "$(soname libdup.so.1)"
    module $name/_$name 'int f(void);' 'f()' "$SITE/$name.libs/libdup.so.1" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
done
