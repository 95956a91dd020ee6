# What the build scripts of the scenarios are written in. They run in an empty folder, with `set -eu`; $SITE is the
# `site-packages` of a virtual environment below it, $SUFFIX what the interpreter's extension modules end with.

# so FILE CODE [FLAG...]: a shared library of a few lines of C, below $SITE.
so() {
    out=$SITE/$1 code=$2
    shift 2
    mkdir -p "$(dirname "$out")"
    printf '%s\n' "$code" | gcc -xc -fPIC -shared -fno-stack-protector -o "$out" - -xnone -Wl,--no-as-needed "$@"
}

# module NAME DECLARATIONS CODE [FLAG...]: the extension module $SITE/NAME$SUFFIX, which runs CODE when it is
# imported. By hand, for Python.h takes longer to read than all of this.
module() { module_in c "$SUFFIX" "$@"; }

# module_cxx NAME DECLARATIONS CODE [FLAG...]: the same in C++.
module_cxx() { module_in c++ "$SUFFIX" "$@"; }

# module_of SUFFIX NAME DECLARATIONS CODE [FLAG...]: one with another suffix.
module_of() { module_in c "$@"; }

module_in() {
    language=$1 suffix=$2 path=$3 declarations=$4 code=$5
    shift 5
    mkdir -p "$(dirname "$SITE/$path")"
    gcc -x"$language" -fPIC -shared -fno-stack-protector -o "$SITE/$path$suffix" - -xnone -Wl,--no-as-needed "$@" <<C
#ifdef __cplusplus
#define C_LINKAGE extern "C"
#else
#define C_LINKAGE extern
#endif
$declarations
struct definition {
    long references; void *type, *init; long index; void *copy;
    const char *name, *doc; long size; void *methods, *slots, *traverse, *clear, *free;
};
C_LINKAGE void *PyModule_Create2(struct definition *, int);
C_LINKAGE void *PyInit_${path##*/}(void);
void *PyInit_${path##*/}(void) {
    static struct definition definition = {1, 0, 0, 0, 0, "${path##*/}", 0, -1};
    $code;
    return PyModule_Create2(&definition, 1013);
}
C
}

# package NAME [PYTHON]: a package whose `__init__.py` is PYTHON, else imports its module `_NAME`.
package() {
    mkdir -p "$SITE/$1"
    printf '%s\n' "${2-from . import _$1}" >"$SITE/$1/__init__.py"
}

# distribution NAME [VERSION [TAG [TOP...]]]: records what was made of NAME: its folders NAME and NAME.libs, or TOPs.
distribution() {
    name=$1 version=${2-1.0} tag=${3-$TAG}
    shift $(($# < 3 ? $# : 3))
    [ $# -gt 0 ] || set -- "$name" "$name.libs"
    info=$name-$version.dist-info
    mkdir "$SITE/$info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$name" "$version" >"$SITE/$info/METADATA"
    printf 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: %s\n' "$tag" >"$SITE/$info/WHEEL"
    (cd "$SITE" && find "$@" "$info" ! -type d 2>/dev/null || true) | sed 's/$/,,/' >"$SITE/$info/RECORD.new"
    mv "$SITE/$info/RECORD.new" "$SITE/$info/RECORD"
}

rpath() { printf '%s' "-Wl,--disable-new-dtags,-rpath,$1"; }
runpath() { printf '%s' "-Wl,--enable-new-dtags,-rpath,$1"; }
soname() { printf '%s' "-Wl,-soname,$1"; }
