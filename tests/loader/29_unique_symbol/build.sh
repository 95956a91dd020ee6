code='__asm__(".data\n.globl u\n.type u, %gnu_unique_object\n.size u, SIZE\nu: .zero SIZE\n.text");
    extern int u; int *f(void) { return &u; }'
so a.so "$(printf '%s' "$code" | sed s/SIZE/4/g)"
so b.so "$(printf '%s' "$code" | sed s/SIZE/8/g)"
