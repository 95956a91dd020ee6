"""Trains a small model, cuts text into pieces and puts it together again."""

OLD = ["sentencepiece==0.1.99"]
NEW = ["sentencepiece==0.2.1"]
CODE = "C++ (SWIG)"

import io

import sentencepiece


def work():
    model = io.BytesIO()
    text = ["the quick brown fox jumps over the lazy dog", "a small stone enclosure for stray cattle"] * 20
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_writer=model, vocab_size=30, minloglevel=2, num_threads=1
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = processor.encode("the small dog", out_type=str)
    return [sentencepiece.__version__, len(pieces) > 3, processor.decode(pieces), processor.get_piece_size()]
