module pkg/_pkg '' ''
# The magic numbers of Mach-O, of a fat Mach-O and of PE, each with some bytes behind.
printf '\317\372\355\376\007\000\000\001\003\000\000\000\006\000\000\000' >"$SITE/pkg/libmac.so"
printf '\312\376\272\276\000\000\000\002\001\000\000\007\000\000\000\003' >"$SITE/pkg/libfat.so"
printf 'MZ\220\000\003\000\000\000\004\000\000\000\377\377\000\000' >"$SITE/pkg/libwindows.so"
package pkg
distribution pkg
