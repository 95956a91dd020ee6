# A registry in a header, as C++ libraries have it: the modules of a package count in it together, also the one that needs
# no library, and must not count in the other package's. Only the library of `two` has what its modules need.
registry='template <class T> struct Registry { static int count; static int &next() { static int *next = new int(0); return *next; } };
    template <class T> int Registry<T>::count = 0;
    extern "C" void abort(void);
    static void add(int expected) { if (++Registry<int>::count != expected || ++Registry<int>::next() != expected) abort(); }'
for name in one two; do
    mkdir -p "$SITE/$name.libs"
    printf '%s\n' "$registry extern \"C\" int registry_of_$name; int registry_of_$name;
        extern \"C\" int registry_count() { return Registry<int>::count + 1000 * Registry<int>::next(); }" |
        g++ -xc++ -fPIC -shared -o "$SITE/$name.libs/libregistry.so.1" - "$(soname libregistry.so.1)"
    for module in 1 2; do
        module_cxx $name/_$module "$registry extern \"C\" int registry_count(); extern int registry_of_$name;" \
            "add($module); registry_of_$name = 1; if (registry_count() != 1001 * $module) abort()" \
            "$SITE/$name.libs/libregistry.so.1" "$(runpath '$ORIGIN/../'$name.libs)" -lstdc++
    done
    module_cxx $name/_3 "$registry" 'add(3)' -lstdc++
    package $name 'from . import _1, _2, _3'; distribution $name
done
