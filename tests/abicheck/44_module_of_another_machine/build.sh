module pkg/_pkg '' ''
# e_machine is that of the Elbrus e2k.
printf '\257\000' | dd of="$SITE/pkg/_pkg$SUFFIX" bs=1 seek=18 conv=notrunc 2>/dev/null
package pkg
distribution pkg
