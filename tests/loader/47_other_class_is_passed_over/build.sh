mkdir x32
echo '.globl b; b: ret' | as --32 -o b.o -
ld -m elf_i386 -shared -soname libb.so -o x32/libb.so b.o
so x64/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so a.so 'int b(void); int a(void) { return b(); }' x64/libb.so $(runpath '$ORIGIN/x32:$ORIGIN/x64')
so c.so 'int b(void); int c(void) { return b(); }' x64/libb.so $(runpath '$ORIGIN/x32')
