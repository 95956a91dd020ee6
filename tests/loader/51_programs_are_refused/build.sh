program ''
so no.so 'int n(void) { return 1; }' -Wl,-z,nodlopen
printf 'int main(void) { return 0; }' | gcc -xc -no-pie -o fixed -
