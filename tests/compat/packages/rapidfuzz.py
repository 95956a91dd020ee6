"""Measures how alike strings are, and finds the nearest."""

OLD = ["rapidfuzz==2.15.2"]
NEW = ["rapidfuzz==3.14.3"]
CODE = "C++, Cython"

import rapidfuzz


def work():
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import Jaro, Levenshtein

    return [
        rapidfuzz.__version__,
        round(fuzz.token_sort_ratio("new york mets", "mets york new"), 3),
        process.extractOne("cowboys", ["Dallas Cowboys", "New York Jets"], scorer=fuzz.partial_ratio),
        Levenshtein.distance("kitten", "sitting"),
        round(Jaro.similarity("abc", "abd"), 6),
        [str(op) for op in Levenshtein.editops("ab", "ba")],
        fuzz.ratio.__module__ if hasattr(fuzz.ratio, "__module__") else "",
    ]
