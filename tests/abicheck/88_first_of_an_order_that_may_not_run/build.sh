# pair FIRST THEN CODE [CODE]: FIRST, whose code is CODE, and THEN share the name of a library; THEN needs more of it.
pair() {
    so "$1.libs/lib$1.so.1" 'int old(void) { return 1; }' "$(soname "lib$1.so.1")"
    so "$2.libs/lib$1.so.1" "int old(void) { return 1; } int fresh_$1(void) { return 2; }" "$(soname "lib$1.so.1")"
    module "$1/_$1" 'int old(void);' 'old()' "$SITE/$1.libs/lib$1.so.1" "$(runpath '$ORIGIN/../'"$1.libs")"
    module "$2/_$2" "int fresh_$1(void);" "fresh_$1()" "$SITE/$2.libs/lib$1.so.1" "$(runpath '$ORIGIN/../'"$2.libs")"
    package "$1" "import os, sys
$3"
    package "$2" "import os
${4-from . import _$2}"
}
pair never before_never 'if sys.platform == "win32":
    from . import _never'
pair lazy before_lazy 'def later():
    from . import _lazy'
pair asked before_asked 'if os.environ.get("ABICHECK_NOT_SET"):
    from . import _asked'
pair plain asks 'from . import _plain' 'if os.environ.get("ABICHECK_NOT_SET"):
    from . import _asks'
pair twice before_twice 'if os.environ.get("ABICHECK_NOT_SET"):
    from . import _twice
from . import _twice'
pair below before_below ''
mkdir "$SITE/below/part"
echo 'from .. import _below' >"$SITE/below/part/__init__.py"
for name in never lazy asked plain twice below asks; do distribution $name; done
for name in never lazy asked twice below; do distribution before_$name; done
