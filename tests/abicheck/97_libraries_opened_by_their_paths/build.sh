for name in one two; do
    case $name in one) number=1 ;; two) number=2 ;; esac
    so $name/lib/libdeps.so "int number(void) { return $number; }" "$(soname libdeps.so)"
    so $name/lib/libuse-$name.so "int number(void); int used_$name(void) { return number(); }" "$(soname libuse-$name.so)" "$SITE/$name/lib/libdeps.so"
    module $name/_$name "int used_$name(void); void abort(void);" "if (used_$name() != $number) abort()" \
        "$SITE/$name/lib/libuse-$name.so" "$(runpath '$ORIGIN/lib')" "-Wl,-rpath-link,$SITE/$name/lib"
    package $name "import ctypes, os
here = os.path.dirname(os.path.abspath(__file__))
ctypes.CDLL(os.path.join(here, 'lib', 'libdeps.so'))
from . import _$name"
    ln -s libdeps.so "$SITE/$name/lib/libdeps.so.1"
    distribution $name
done
