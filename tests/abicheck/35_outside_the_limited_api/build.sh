module_of .abi3.so pkg/_pkg 'void *_PyObject_GetDictPtr(void *);
    static volatile int never;' 'if (never) _PyObject_GetDictPtr(0)'
package pkg
distribution pkg 1.0 cp39-abi3-manylinux_2_17_x86_64
