mkdir -p "$SITE/numpy/_core"
echo '__version__ = "2.0.2"' >"$SITE/numpy/__init__.py"
touch "$SITE/numpy/_core/__init__.py" "$SITE/numpy/_core/_multiarray_umath.py"
distribution numpy 2.0.2
so pkg.libs/libarrays-1a2b3c4d.so.1 '
    void *PyImport_ImportModule(const char *);
    void PyErr_Clear(void);
    int arrays(void) {
        void *module = PyImport_ImportModule("numpy.core._multiarray_umath");
        if (!module) PyErr_Clear();
        return module != 0;
    }' "$(soname libarrays-1a2b3c4d.so.1)"
module pkg/_pkg 'int arrays(void);' 'arrays()' "$SITE/pkg.libs/libarrays-1a2b3c4d.so.1" "$(runpath '$ORIGIN/../pkg.libs')"
package pkg
distribution pkg
