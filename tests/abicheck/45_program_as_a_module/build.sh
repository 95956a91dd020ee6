module pkg/_pkg '' ''
# e_type is ET_EXEC.
printf '\002\000' | dd of="$SITE/pkg/_pkg$SUFFIX" bs=1 seek=16 conv=notrunc 2>/dev/null
package pkg
distribution pkg
