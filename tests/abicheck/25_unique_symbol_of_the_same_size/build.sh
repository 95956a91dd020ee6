for name in one two; do
    module_cxx $name/_$name 'template <class T> struct Count { static int value; };
        template <class T> int Count<T>::value = 1;' 'Count<int>::value += 1'
    package $name
    distribution $name
done
