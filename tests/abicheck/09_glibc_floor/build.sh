echo 'GLIBC_2.99 { from_the_future; };' >future.map
so libc.so.6 'int from_the_future(void) { return 1; }' "$(soname libc.so.6)" -nostdlib -Wl,--version-script=future.map
module pkg/_pkg 'int from_the_future(void);' 'from_the_future()' "$SITE/libc.so.6"
rm "$SITE/libc.so.6"
package pkg
distribution pkg
