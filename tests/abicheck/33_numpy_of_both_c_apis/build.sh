mkdir -p "$SITE/numpy/_core"
echo 'from ._core import _multiarray_umath' >"$SITE/numpy/__init__.py"
touch "$SITE/numpy/_core/__init__.py"
module numpy/_core/_multiarray_umath '' ''
distribution numpy 2.0.2
module pkg/_pkg 'void *PyImport_ImportModule(const char *);
    void PyErr_Clear(void);
    static void *import_array(void) {
        void *module = PyImport_ImportModule("numpy._core._multiarray_umath");
        if (module) return module;
        PyErr_Clear();
        return PyImport_ImportModule("numpy.core._multiarray_umath");
    }' 'if (!import_array()) return 0'
package pkg 'import numpy
from . import _pkg'
distribution pkg
