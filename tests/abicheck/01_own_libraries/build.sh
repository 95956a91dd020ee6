for name in one two; do
    so $name.libs/lib$name-1a2b.so.1 "int ${name}_f(void) { return 1; }" "$(soname lib$name-1a2b.so.1)"
    module $name/_$name "int ${name}_f(void);" "${name}_f()" "$SITE/$name.libs/lib$name-1a2b.so.1" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
done
