so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module pkg/_pkg 'int gone(void);' 'gone()' "$SITE/gone.so"
rm "$SITE/gone.so"
package pkg
distribution pkg
