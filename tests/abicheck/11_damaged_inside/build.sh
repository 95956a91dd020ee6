module pkg/_pkg '' ''
# The dynamic section and all tables behind it are gone; the program headers still speak of them.
truncate -s 4096 "$SITE/pkg/_pkg$SUFFIX"
package pkg
distribution pkg
