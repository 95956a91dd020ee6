mkdir -p "$SITE/numpy/_core"
echo 'from ._core import _multiarray_umath' >"$SITE/numpy/__init__.py"
touch "$SITE/numpy/_core/__init__.py"
module numpy/_core/_multiarray_umath '' ''
distribution numpy 2.0.2
module pkg/_pkg 'void *PyImport_ImportModule(const char *);' \
    'if (!PyImport_ImportModule("numpy.core._multiarray_umath")) return 0'
package pkg 'import numpy
from . import _pkg'
distribution pkg
