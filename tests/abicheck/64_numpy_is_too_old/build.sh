mkdir -p "$SITE/numpy/core"
echo '__version__ = "1.26.4"' >"$SITE/numpy/__init__.py"
touch "$SITE/numpy/core/__init__.py" "$SITE/numpy/core/_multiarray_umath.py"
distribution numpy 1.26.4
module pkg/_pkg '
    void *PyImport_ImportModule(const char *);
    void PyErr_SetString(void *, const char *);
    void PyErr_Clear(void);
    extern void *PyExc_RuntimeError;
    static void *import_array(void) {
        void *module = PyImport_ImportModule("numpy._core._multiarray_umath");
        if (module) return module;
        PyErr_Clear();
        if (PyImport_ImportModule("numpy.core._multiarray_umath"))
            PyErr_SetString(PyExc_RuntimeError, "module was compiled against NumPy C-API version 0x%x (NumPy 2.0) but not run with it");
        return 0;
    }' 'if (!import_array()) return 0'
package pkg
distribution pkg
