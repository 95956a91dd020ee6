so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module _back 'int gone(void);' 'gone()' "$SITE/gone.so"
rm "$SITE/gone.so"
package front 'def use():
    import _back
    return _back'
distribution front 1.0 "$TAG" front "_back$SUFFIX"
module user/_user '' ''
package user 'import front
import _back
from . import _user'
distribution user
