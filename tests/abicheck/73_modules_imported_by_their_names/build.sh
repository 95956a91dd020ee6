so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
for name in Core Widgets; do module kit/$name 'int gone(void);' 'gone()' "$SITE/gone.so"; done
package kit '"""Import what you need: kit.Core, kit.Widgets."""'
rm "$SITE/gone.so"
distribution kit
