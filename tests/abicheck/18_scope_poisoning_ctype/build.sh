# Part of another libstdc++'s std::ctype<char>, whose objects are laid out differently. The system's libstdc++ makes its
# own ones with it once `one` has brought it in, for every stream of everyone.
so one.libs/libbad.so '
    struct ctype { void *vtable; };
    void make(struct ctype *, const void *table, int owned, unsigned long references) __asm__("_ZNSt5ctypeIcEC1EPKtbm");
    void make(struct ctype *self, const void *table, int owned, unsigned long references) { self->vtable = 0; }
    int bad(void) { return 1; }' "$(soname libbad.so)"
module_cxx one/_one '#include <string>
    extern "C" int bad();' 'bad(); std::string text(100, 48); text.append(text)' \
    "$SITE/one.libs/libbad.so" "$(runpath '$ORIGIN/../one.libs')" -lstdc++
module_cxx two/_two '#include <sstream>' 'std::ostringstream stream; stream << std::endl' -lstdc++
for name in one two; do package $name; distribution $name; done
