# As a wheel that links libstdc++ statically and hides nothing: the variables that std::call_once passes its work in.
so one.libs/libbad.so '
    __thread void *a __asm__("_ZSt15__once_callable");
    __thread void (*b)(void) __asm__("_ZSt11__once_call");
    int bad(void) { return a != 0; }' "$(soname libbad.so)"
module_cxx one/_one '#include <string>
    extern "C" int bad();' 'bad(); std::string text(100, 48); text.append(text)' \
    "$SITE/one.libs/libbad.so" "$(runpath '$ORIGIN/../one.libs')" -lstdc++
module_cxx two/_two '#include <mutex>
    static std::once_flag once;' 'std::call_once(once, [] {})' -lstdc++ -lpthread
for name in one two; do package $name; distribution $name; done
