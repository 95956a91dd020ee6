so good/libb.so 'int b(void) { return 1; }' $(soname libb.so)
mkdir text empty folder folder/libb.so
printf 'INPUT(libb.so.1) /* a linker script that is longer than a file header of ELF */\n' > text/libb.so
: > empty/libb.so
for bad in text empty folder; do
    so $bad.so 'int b(void); int a(void) { return b(); }' good/libb.so $(runpath "\$ORIGIN/$bad:\$ORIGIN/good")
done
