/* Opens each argument in order and says what came of it: MODE:NAME, where MODE is `now`, `global` or `lazy`. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **names)
{
    for (int at = 1; at < count; at++) {
        char *name = strchr(names[at], ':') + 1;
        int mode = names[at][0] == 'l' ? RTLD_LAZY : RTLD_NOW;
        if (names[at][0] == 'g')
            mode |= RTLD_GLOBAL;
        if (dlopen(name, mode))
            puts("ok");
        else
            puts(dlerror());
        fflush(stdout);
    }
    return 0;
}
