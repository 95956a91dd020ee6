for name in one two; do
    so $name.libs/libgomp-1a2b.so.1 "
        void GOMP_parallel(void (*f)(void *), void *data, unsigned threads, unsigned flags) { f(data); }
        void GOMP_barrier(void) {}
        int omp_get_num_threads(void) { return 1; }
        int omp_get_max_threads(void) { return 1; }
        int omp_get_thread_num(void) { return 0; }" "$(soname libgomp-1a2b.so.1)"
    module $name/_$name 'int omp_get_num_threads(void);' 'omp_get_num_threads()' \
        "$SITE/$name.libs/libgomp-1a2b.so.1" "$(runpath '$ORIGIN/../'$name.libs)"
    package $name
    distribution $name
done
