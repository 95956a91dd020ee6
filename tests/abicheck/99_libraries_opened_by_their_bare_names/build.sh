# `one` opens the name while it is imported, `two` in a function that nothing calls before both are there.
for name in one two; do
    case $name in one) number=1 ;; two) number=2 ;; esac
    so $name/lib/libdeps.so.1 "int number(void) { return $number; }" "$(soname libdeps.so.1)"
    package $name "import ctypes, os
ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib', 'libdeps.so.1'))
def number():
    return ctypes.CDLL('libdeps.so.%d' % 1).number()"
    distribution $name
done
printf '%s\n' "assert number() == 1, 'another library'" >>"$SITE/one/__init__.py"
printf '%s\n' 'import two' "assert two.number() == 2, 'another library'" >"$SITE/calls.py"
