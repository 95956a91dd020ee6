hash=1a2b3c4d
for name in one two; do
    so $name.libs/libproj-$hash.so.25 "
        char *getenv(const char *);
        int proj_create(void) { return getenv(\"PROJ_LIB\") != 0; } char of_$name;" "$(soname libproj-$hash.so.25)"
    module $name/_$name 'int proj_create(void);' 'proj_create()' \
        "$SITE/$name.libs/libproj-$hash.so.25" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
    hash=5e6f7a8b
done
