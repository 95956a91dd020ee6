module_of .so pkg/_pkg '' ''
package pkg
distribution pkg 1.0 cp36-cp36m-musllinux_1_1_x86_64
