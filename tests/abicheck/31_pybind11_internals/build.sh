# What PYBIND11_INTERNALS_ID is in modules of two compilers that pybind11 takes for one.
for name in one two; do
    [ $name = one ] && comment='GCC: (GNU) 98.1.0' || comment='GCC: (GNU) 99.1.0'
    module $name/_$name "
        const char *id(void) { return \"__pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__\"; }
        __asm__(\".section .comment; .string \\\"$comment\\\"; .previous\");" 'id()'
    package $name
    distribution $name
done
