for name in a b; do
    so pkg.libs/libgomp-$name.so.1 "
        void GOMP_parallel(void (*f)(void *), void *data, unsigned threads, unsigned flags) { f(data); }
        int of_$name(void) { return 1; }" "$(soname libgomp-$name.so.1)"
    module pkg/_$name "int of_$name(void);" "of_$name()" "$SITE/pkg.libs/libgomp-$name.so.1" "$(runpath '$ORIGIN/../pkg.libs')"
done
package pkg 'from . import _a, _b'
distribution pkg
