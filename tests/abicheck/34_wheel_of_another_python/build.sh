module_of .cpython-36m-x86_64-linux-gnu.so pkg/_pkg '' ''
package pkg
distribution pkg 1.0 cp36-cp36m-manylinux_2_17_x86_64
