module pkg/_pkg '' ''
module_of .cpython-36m-x86_64-linux-gnu.so pkg/_pkg '' ''
module_of .cpython-311-aarch64-linux-gnu.so pkg/_pkg '' ''
package pkg
distribution pkg
