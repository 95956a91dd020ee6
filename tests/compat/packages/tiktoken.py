"""Encodes and decodes text with a vocabulary of its own."""

OLD = ["tiktoken==0.4.0"]
NEW = ["tiktoken==0.12.0"]
CODE = "Rust"

import tiktoken


def work():
    ranks = {bytes([b]): b for b in range(256)} | {b"th": 256, b"the": 257, b" s": 258}
    made = tiktoken.Encoding("tiny", pat_str=r"\s?\w+|\W", mergeable_ranks=ranks, special_tokens={"<end>": 259})
    return [
        tiktoken.__version__ if hasattr(tiktoken, "__version__") else None,
        made.encode("the shop"),
        made.encode("a<end>", allowed_special="all"),
        made.decode([257, 258, 33]),
        made.n_vocab,
        made.encode_batch(["the", "ü"]),
    ]
