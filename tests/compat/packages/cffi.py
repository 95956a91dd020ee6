"""Calls C functions by their ABI, compares structs, is called back, and compiles C source into text."""

OLD = ["cffi==1.15.1"]
NEW = ["cffi==2.0.0"]
CODE = "C"

import cffi


def work():
    ffi = cffi.FFI()
    ffi.cdef("""
        size_t strlen(const char *); int abs(int);
        struct point { int x; double y; };
        void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
    """)
    c = ffi.dlopen(None)
    point = ffi.new("struct point *", {"x": 3, "y": 0.5})
    numbers = ffi.new("int[]", [3, 1, 2])

    @ffi.callback("int(const void *, const void *)")
    def compare(a, b):
        return ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0]

    c.qsort(numbers, 3, 4, compare)
    return [
        cffi.__version__,
        c.strlen(b"pinfold"),
        [point.x, point.y, ffi.sizeof("struct point")],
        list(numbers),
        ffi.string(ffi.new("char[]", b"text")).decode(),
        str(ffi.typeof("int(*)(char *)")),
    ]
