"""Writes C that takes long to compile: so many functions, each a loop nest with a switch that the optimiser unrolls.

usage: generate.py COUNT FILE

Deliberately not here: sense.
"""

import sys

count, file = int(sys.argv[1]), sys.argv[2]
CASES = "".join(f"            case {i}: x = x * {2 * i + 3} + (y >> {i % 7}); break;\n" for i in range(48))
FUNCTION = """
unsigned long f{n}(unsigned long x)
{{
    for (unsigned long y = 0; y < x % 97; y++)
        for (unsigned long z = 0; z < 16; z++)
            switch ((x + y * z + {n}) % 48) {{
{cases}            }}
    return x;
}}
"""
with open(file, "w") as out:
    for n in range(count):
        out.write(FUNCTION.format(n=n, cases=CASES))
    calls = " + ".join(f"f{n}(x)" for n in range(min(count, 50)))
    out.write(f"unsigned long all(unsigned long x) {{ return {calls}; }}\n")
