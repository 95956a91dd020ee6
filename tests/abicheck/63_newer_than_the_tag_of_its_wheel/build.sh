module_of .abi3.so pkg/_pkg 'void *PyType_GetModule(void *);
    static volatile int never;' 'if (never) PyType_GetModule(0)'
package pkg
distribution pkg 1.0 cp38-abi3-manylinux_2_17_x86_64
