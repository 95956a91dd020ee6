from dup._dup import value as value
