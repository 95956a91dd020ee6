# What NumPy itself says of a module that was built for a later release of NumPy 1.
mkdir -p "$SITE/numpy/core"
touch "$SITE/numpy/__init__.py" "$SITE/numpy/core/__init__.py" "$SITE/numpy/core/_multiarray_umath.py"
distribution numpy 1.20.3
module pkg/_pkg '
    void *PyImport_ImportModule(const char *);
    void PyErr_SetString(void *, const char *);
    extern void *PyExc_RuntimeError;' '
    if (!PyImport_ImportModule("numpy.core._multiarray_umath")) return 0;
    PyErr_SetString(PyExc_RuntimeError, "module compiled against API version 0x10 but this version of numpy is 0xe");
    return 0'
module fits/_fits 'void *PyImport_ImportModule(const char *);' \
    'if (!PyImport_ImportModule("numpy.core._multiarray_umath")) return 0'
for name in pkg fits; do package $name; distribution $name; done
echo 'Requires-Dist: numpy>=1.23.5' >>"$SITE/pkg-1.0.dist-info/METADATA"
echo 'Requires-Dist: numpy>=1.19' >>"$SITE/fits-1.0.dist-info/METADATA"
