so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
module late/core 'int gone(void);' 'gone()' "$SITE/gone.so"
package late 'def solve():
    from . import core
    return core'
module typed/core 'int gone(void);' 'gone()' "$SITE/gone.so"
package typed 'import typing
if typing.TYPE_CHECKING:
    from . import core'
module elsewhere/core 'int gone(void);' 'gone()' "$SITE/gone.so"
package elsewhere 'import sys
if sys.platform == "win32":
    from . import core'
module asked/_core 'int gone(void);' 'gone()' "$SITE/gone.so"
package asked 'def __getattr__(name):
    import importlib
    return importlib.import_module("._core", __name__)'
rm "$SITE/gone.so"
for name in late typed elsewhere asked; do distribution $name; done
