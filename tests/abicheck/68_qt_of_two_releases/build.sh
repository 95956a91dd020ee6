echo 'Qt_6 { base; }; Qt_6.5 { middle; } Qt_6;' >one.map
echo 'Qt_6 { base; }; Qt_6.5 { middle; } Qt_6; Qt_6.7 { late; } Qt_6.5;' >two.map
so one.libs/libQt6Core.so.6 'int base(void) { return 1; } int middle(void) { return 2; }' "$(soname libQt6Core.so.6)" -Wl,--version-script=one.map
so two.libs/libQt6Core.so.6 'int base(void) { return 1; } int middle(void) { return 2; } int late(void) { return 3; }' \
    "$(soname libQt6Core.so.6)" -Wl,--version-script=two.map
for name in one two; do
    module $name/_$name 'int middle(void);' 'middle()' "$SITE/$name.libs/libQt6Core.so.6" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
done
