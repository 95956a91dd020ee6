so a.so '__attribute__((weak)) int nowhere(void); int a(void) { return nowhere ? nowhere() : 0; }'
