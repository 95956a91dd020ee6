"""Guesses encodings and languages of bytes."""

OLD = ["charset-normalizer==2.1.1"]
NEW = ["charset-normalizer==3.4.4"]
CODE = "C (mypyc, new)"

import charset_normalizer

TEXTS = {
    "utf-8": "Ça va très bien à l'école où naïveté et cœur règnent. " * 8,
    "cp1251": "Съешь же ещё этих мягких французских булок да выпей чаю. " * 8,
    "utf-16": "The quick brown fox jumps over the lazy dog. " * 8,
}


def work():
    found = [charset_normalizer.__version__]
    for encoding, text in TEXTS.items():
        best = charset_normalizer.from_bytes(text.encode(encoding)).best()
        found += [best.encoding, best.language, str(best) == text, round(best.chaos, 3)]
    return found
