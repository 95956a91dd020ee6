so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module pkg/_fast 'int gone(void);' 'gone()' "$SITE/gone.so"
rm "$SITE/gone.so"
package pkg 'try:
    from . import _fast
except ImportError:
    _fast = None'
distribution pkg
