so a.so 'double cos(double); double a(double x) { return cos(x); }' -lm -Wl,-z,nodefaultlib
