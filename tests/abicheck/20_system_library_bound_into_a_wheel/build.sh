# A function that is the same in both: nothing is lost, whichever the system'"'"'s libstdc++ gets.
so one.libs/libown.so '
    int compare(const char *a, const char *b, unsigned long n) __asm__("_ZSt17__verify_groupingPKcmRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE");
    int compare(const char *a, const char *b, unsigned long n) { return 1; }
    int own(void) { return 1; }' "$(soname libown.so)"
module_cxx one/_one '#include <string>
    extern "C" int own();' 'own(); std::string text(100, 48); text.append(text)' \
    "$SITE/one.libs/libown.so" "$(runpath '$ORIGIN/../one.libs')" -lstdc++
module_cxx two/_two '#include <string>' 'std::string text(100, 48); text.append(text)' -lstdc++
for name in one two; do package $name; distribution $name; done
