mkdir -p "$SITE/pkg" "$SITE/soft"
: >"$SITE/pkg/_pkg.cp311-win_amd64.pyd"
package pkg
distribution pkg 1.0 cp311-cp311-win_amd64
: >"$SITE/soft/_fast.pyd"
package soft 'try:
    from . import _fast
except ImportError:
    _fast = None'
distribution soft 1.0 cp311-cp311-win_amd64
