# As the libstdc++_nonshared.a of a compiler for an old system: functions that the system's libstdc++ lacked then.
module_cxx one/_one '#include <string>
    struct ctype { void *vtable[5]; void *tables[2]; const void *table; char widen_ok; char widen[256]; };
    extern "C" void widen_init(ctype *) __asm__("_ZNKSt5ctypeIcE13_M_widen_initEv");
    extern "C" void widen_init(ctype *) {}' 'std::string text(100, 48); text.append(text)' -lstdc++
module_cxx two/_two '#include <sstream>' 'std::ostringstream stream; stream << std::endl' -lstdc++
for name in one two; do package $name; distribution $name; done
