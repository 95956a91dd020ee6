so x/libdeep.so 'int deep(void) { return 1; }' $(soname libdeep.so)
so x/libmid.so 'int deep(void); int mid(void) { return deep(); }' $(soname libmid.so) x/libdeep.so
so a.so 'int mid(void); int a(void) { return mid(); }' x/libmid.so $(rpath '$ORIGIN/x')
