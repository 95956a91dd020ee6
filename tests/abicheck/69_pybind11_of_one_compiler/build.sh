for name in one two; do
    module $name/_$name 'const char *id(void) { return "__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__"; }' 'id()'
    package $name
    distribution $name
done
