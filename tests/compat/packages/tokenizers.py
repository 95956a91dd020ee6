"""Trains a tokenizer, encodes with offsets, pads, and decodes."""

OLD = ["tokenizers==0.13.3"]
NEW = ["tokenizers==0.22.1"]
CODE = "Rust"

import tokenizers


def work():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(special_tokens=["[UNK]", "[PAD]"], vocab_size=60, show_progress=False)
    made.train_from_iterator(["A small stone enclosure", "for stray small cattle"] * 5, trainer)
    made.enable_padding(pad_id=1, pad_token="[PAD]", length=12)
    encoded = made.encode("Small stones?")
    return [
        tokenizers.__version__,
        encoded.tokens,
        encoded.offsets[:3],
        made.decode(encoded.ids),
        Tokenizer.from_str(made.to_str()).get_vocab_size(),
    ]
