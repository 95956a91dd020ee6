module_of .abi3.so pkg/_pkg 'void *PyList_New(long);' 'PyList_New(0)'
package pkg
distribution pkg 1.0 cp39-abi3-manylinux_2_17_x86_64
