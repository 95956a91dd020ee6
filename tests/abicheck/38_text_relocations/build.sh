module pkg/_pkg 'int here;
    __asm__(".text; .globl table; .type table, @object; .size table, 8; table: .quad here; .previous");' 'here = 1' -Wl,-z,notext
package pkg
distribution pkg
