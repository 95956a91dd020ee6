"""Matches recursively, fuzzily and by Unicode properties, with overlaps and named lists."""

OLD = ["regex==2022.10.31"]
NEW = ["regex==2025.11.3"]
CODE = "C"

import regex


def work():
    return [
        regex.__version__,
        regex.findall(r"(?e)(?:cats){e<=1}", "cat cuts dogs"),
        regex.search(r"\((?:[^()]|(?R))*\)", "f(a(b)c)")[0],
        regex.findall(r"\p{Lu}\p{Ll}+", "Ärger und Öl"),
        regex.findall(r"\w{2}", "abcd", overlapped=True),
        regex.sub(r"(?<y>\d+)-(?<m>\d+)", r"\g<m>/\g<y>", "2024-02"),
        regex.search(r"\L<pets>", "a dog", pets=["cat", "dog"]).span(),
    ]
