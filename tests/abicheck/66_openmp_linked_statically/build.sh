for name in one two; do
    module $name/_$name "
        void GOMP_parallel(void (*f)(void *), void *data, unsigned threads, unsigned flags) { f(data); }
        int level_$name;" "level_$name++"
    package $name
    distribution $name
done
