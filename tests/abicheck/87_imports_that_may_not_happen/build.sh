so gone.so 'int gone(void) { return 1; }' "$(soname libgone.so.1)"
may() {
    name=$1
    module "$name/_$name" 'int gone(void);' 'gone()' "$SITE/gone.so"
    package "$name" "import contextlib, importlib.util, os, platform, sys
$2"
    distribution "$name"
}
may suppressed 'with contextlib.suppress(ImportError, AttributeError):
    from . import _suppressed'
may asked 'if importlib.util.find_spec("surely_not_there"):
    from . import _asked'
may set 'if os.environ.get("ABICHECK_NOT_SET"):
    from . import _set'
may argued 'FAST = "--fast" in sys.argv
if FAST and len(sys.argv) > 1:
    from . import _argued'
may switched '_pure = os.environ.get("ABICHECK_NOT_SET", "1") == "1"
if _pure:
    pass
else:
    from . import _switched'
may excepted 'try:
    import surely_not_there
    from . import _excepted
except ImportError:
    pass'
# Whose code decides itself.
may always 'if os.name == "posix" and platform.system() != "Windows":
    from . import _always'
may flagged 'HAVE = sys.version_info >= (3, 6)
if HAVE:
    from . import _flagged'
rm "$SITE/gone.so"
