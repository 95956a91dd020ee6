for name in folder narrow; do
    so $name.so 'int gone(void) { return 1; }' "$(soname lib$name.so.1)"
    module $name/_$name 'int gone(void);' 'gone()' "$SITE/$name.so" "$(runpath '$ORIGIN/../'"$name.libs")"
    package $name
    mkdir "$SITE/$name.libs"
done
mkdir "$SITE/folder.libs/libfolder.so.1"
# EI_CLASS says 32 bits.
cp "$SITE/narrow.so" "$SITE/narrow.libs/libnarrow.so.1"
printf '\1' | dd of="$SITE/narrow.libs/libnarrow.so.1" bs=1 seek=4 conv=notrunc status=none
rm "$SITE/narrow.so" "$SITE/folder.so"
for name in folder narrow; do distribution $name; done
