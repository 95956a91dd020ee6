so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
tries() {
    name=$1
    module "$name/_$name" 'int gone(void);' 'gone()' "$SITE/gone.so"
    package "$name" "$2"
    distribution "$name"
}
tries again 'try:
    from . import _again
except ImportError as error:
    raise ImportError("please install libgone") from error'
tries exits 'import sys
try:
    from . import _exits
except ImportError:
    if len(sys.argv) > 100:
        raise
    sys.exit("no libgone")'
tries helped 'def _fail(error):
    raise ImportError("no libgone") from error
try:
    from . import _helped
except Exception as error:
    _fail(error)'
tries other 'try:
    from . import _other
except (KeyError, AttributeError):
    pass'
tries absent 'try:
    from . import _absent
except ModuleNotFoundError:
    pass'
tries closing 'try:
    from . import _closing
finally:
    pass'
tries otherwise 'try:
    import os
except ImportError:
    pass
else:
    from . import _otherwise'
tries handled 'try:
    from . import _none
except ImportError:
    from . import _handled'
tries last 'try:
    pass
except ImportError:
    pass
finally:
    from . import _last'
tries forgiven 'try:
    from . import _forgiven
except (OSError, ImportError) as error:
    _forgiven = None
    if "undefined symbol" in str(error):
        raise'
rm "$SITE/gone.so"
