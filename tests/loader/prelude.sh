# What the build scripts of the scenarios are written in. They run in an empty folder, with `set -eu`.

# The values of $LIB and $PLATFORM of this machine's loader.
said() { "$LOADER" --list-diagnostics | sed -n "s/^$1=\"\(.*\)\"/\1/p"; }

# so FILE CODE [FLAG...]: a shared library of a few lines of C.
so() {
    out=$1 code=$2
    shift 2
    mkdir -p "$(dirname "$out")"
    printf '%s\n' "$code" | gcc -xc -fPIC -shared -fno-stack-protector -o "$out" - -xnone -Wl,--no-as-needed "$@"
}

# program CODE [FLAG...]: a program instead of the usual one, which opens what its arguments name.
program() {
    code=$1
    shift
    { printf '%s\n' "$code"; cat "$SCENARIOS/open.c"; } | gcc -xc -o program - -xnone -Wl,--no-as-needed "$@"
}

rpath() { printf '%s' "-Wl,--disable-new-dtags,-rpath,$1"; }
runpath() { printf '%s' "-Wl,--enable-new-dtags,-rpath,$1"; }
soname() { printf '%s' "-Wl,-soname,$1"; }

# with_and_without_a_version: libraries of one name in `one` and `two`; both have f of V_1, the second also g of V_2.
with_and_without_a_version() {
    printf 'V_1 { global: f; local: *; };\n' >one.map
    printf 'V_1 { global: f; local: *; };\nV_2 { global: g; } V_1;\n' >two.map
    so one/libv.so.1 'int f(void) { return 1; }' $(soname libv.so.1) -Wl,--version-script,one.map
    so two/libv.so.1 'int f(void) { return 1; } int g(void) { return 2; }' $(soname libv.so.1) -Wl,--version-script,two.map
}

# patch FILE OLD NEW: replaces the one place of bytes OLD, both in hexadecimal.
patch() {
    python3 - "$@" <<'PYTHON'
import sys
path, old, new = sys.argv[1], *map(bytes.fromhex, sys.argv[2:])
data = open(path, "rb").read()
assert data.count(old) == 1, (path, data.count(old))
open(path, "wb").write(data.replace(old, new))
PYTHON
}
