so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module pkg/_rare 'int gone(void);' 'gone()' "$SITE/gone.so"
rm "$SITE/gone.so"
module pkg/_pkg '' ''
package pkg
distribution pkg
