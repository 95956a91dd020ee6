# Each package asks for a module of which only the name is there.
asks() {
    package "$1" "${2-from . import _$1}"
    distribution "$1"
}
none() { mkdir -p "$SITE/$1"; }
none loops; ln -s "_loops$SUFFIX" "$SITE/loops/_loops$SUFFIX"; asks loops
none dangles; ln -s "nowhere" "$SITE/dangles/_dangles$SUFFIX"; asks dangles
none folder/_folder$SUFFIX; : >"$SITE/folder/_folder$SUFFIX/data"; asks folder
module gone/_gone '' ''; asks gone; rm "$SITE/gone/_gone$SUFFIX"
module renamed/_other '' ''; mv "$SITE/renamed/_other$SUFFIX" "$SITE/renamed/_renamed$SUFFIX"; asks renamed
module below/_below '' ''
asks below 'try:
    from . import _below
except ImportError:
    pass'
rm "$SITE/below/_below$SUFFIX"
# The function is in a library that the file needs, where dlsym finds it too.
module made/made '' '' "$(soname libmade.so)"; mv "$SITE/made/made$SUFFIX" "$SITE/made/libmade.so"
so "made/made$SUFFIX" '' "$SITE/made/libmade.so" "$(rpath '$ORIGIN')"
asks made 'from . import made'
# No modules: a library that ctypes opens, and one that an attribute stands before.
so plain/fast.so 'int fast(void) { return 1; }'; so plain/slow.so 'int slow(void) { return 1; }'
printf 'from . import fast, slow\n' >"$SITE/plain/use.py"
asks plain 'import ctypes, os
slow = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "slow.so"))
fast = "something else"
from . import use'
# The importer goes on to what comes next.
none next; ln -s nowhere "$SITE/next/_next$SUFFIX"; : >"$SITE/next/_next.py"; asks next
