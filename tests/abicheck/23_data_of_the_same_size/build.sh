module one/_one 'int table[3] = {1, 1, 1};' 'table[0] = 2'
module two/_two 'int table[3] = {1, 1, 1};' 'table[2] = 2'
package one 'import sys
flags = sys.getdlopenflags()
sys.setdlopenflags(flags | 0x100)
from . import _one
sys.setdlopenflags(flags)'
package two
for name in one two; do distribution $name; done
