"""Compresses and decompresses, in one go and in a stream, and with a trained dictionary."""

OLD = ["zstandard==0.19.0"]
NEW = ["zstandard==0.25.0"]
CODE = "C, cffi"

import io

import zstandard


def work():
    data = b"a small stone enclosure " * 100
    packed = zstandard.ZstdCompressor(level=5).compress(data)
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as writer:
        writer.write(data)
    samples = [f"sample {n} of {n * 7}".encode() * 9 for n in range(200)]
    learned = zstandard.train_dictionary(500, samples)
    small = zstandard.ZstdCompressor(dict_data=learned).compress(samples[3])
    return [
        zstandard.__version__,
        list(zstandard.ZSTD_VERSION),
        zstandard.decompress(packed) == data,
        zstandard.ZstdDecompressor().stream_reader(out.getvalue()).read() == data,
        zstandard.ZstdDecompressor(dict_data=learned).decompress(small) == samples[3],
        zstandard.backend,
    ]
