# C++ says that an inline variable is one object in the whole program, and glibc makes it so for every dlopen.
module_cxx one/_one 'template <class T> struct Registry { struct Slot { int number; }; static Slot slots; };
    template <class T> typename Registry<T>::Slot Registry<T>::slots = {1};' 'Registry<int>::slots.number = 2'
module_cxx two/_two 'static void nothing() {}
    template <class T> struct Registry { struct Slot { long pad[3]; void (*call)(); }; static Slot slots; };
    template <class T> typename Registry<T>::Slot Registry<T>::slots = {{0, 0, 0}, nothing};' 'Registry<int>::slots.call()'
for name in one two; do package $name; distribution $name; done
