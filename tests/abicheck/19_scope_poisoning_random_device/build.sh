# One function of std::random_device. Code of old compilers makes such objects by way of libstdc++'s own functions, and
# the one that then reads from them is not of the same copy.
so one.libs/libbad.so '
    void init(void **self, const void *token) __asm__("_ZNSt13random_device7_M_initERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE");
    void init(void **self, const void *token) { self[0] = (void *)1; self[1] = (void *)1; }
    int bad(void) { return 1; }' "$(soname libbad.so)"
module_cxx one/_one '#include <string>
    extern "C" int bad();' 'bad(); std::string text(100, 48); text.append(text)' \
    "$SITE/one.libs/libbad.so" "$(runpath '$ORIGIN/../one.libs')" -lstdc++
module_cxx two/_two '#include <string>
    void init(void *, const std::string &) __asm__("_ZNSt13random_device14_M_init_pretr1ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE");
    unsigned value(void *) __asm__("_ZNSt13random_device9_M_getvalEv");
    static void *device[1000];' 'std::string token; token.assign("mt19937"); init(device, token); value(device)' -lstdc++
for name in one two; do package $name; distribution $name; done
