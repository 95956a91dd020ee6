so arm/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so x64/libb.so 'int b(void) { return 1; }' $(soname libb.so)
so a.so 'int b(void); int a(void) { return b(); }' x64/libb.so $(runpath '$ORIGIN/arm:$ORIGIN/x64')
# e_type and e_machine: AArch64.
patch arm/libb.so 03003e0001000000 0300b70001000000
