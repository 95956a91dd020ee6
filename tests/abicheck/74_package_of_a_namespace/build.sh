so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module space/pkg/_pkg 'int gone(void);' 'gone()' "$SITE/gone.so"
module _own 'int gone(void);' 'gone()' "$SITE/gone.so"
rm "$SITE/gone.so"
package space/pkg 'from . import _pkg'
distribution pkg 1.0 "$TAG" space
printf 'try:\n    import _own\nexcept ImportError:\n    _own = None\n' >"$SITE/user.py"
distribution user 1.0 "$TAG" user.py "_own$SUFFIX"
