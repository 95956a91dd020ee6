module pkg/_pkg '' ''
truncate -s 40 "$SITE/pkg/_pkg$SUFFIX"
package pkg
distribution pkg
