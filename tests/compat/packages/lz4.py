"""Compresses frames and blocks, in one go and in a stream."""

OLD = ["lz4==4.0.2"]
NEW = ["lz4==4.4.5"]
CODE = "C"

import io

import lz4


def work():
    import lz4.block
    import lz4.frame

    data = b"a small stone enclosure " * 100
    file = io.BytesIO()
    with lz4.frame.open(file, "wb") as out:
        out.write(data)
    file.seek(0)
    try:
        lz4.frame.decompress(b"nothing")
    except RuntimeError as error:
        wrong = str(error)
    return [
        lz4.__version__,
        lz4.library_version_string(),
        lz4.block.compress(data).hex(),
        lz4.frame.decompress(lz4.frame.compress(data, compression_level=9)) == data,
        lz4.frame.open(file).read() == data,
        wrong,
    ]
