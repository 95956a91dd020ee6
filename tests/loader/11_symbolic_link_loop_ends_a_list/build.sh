so good/libb.so 'int b(void) { return 1; }'
so a.so 'int b(void); int a(void) { return b(); }' -Lgood -lb $(runpath '$ORIGIN/loop:$ORIGIN/good')
mkdir loop
ln -s libb.so loop/libb.so
