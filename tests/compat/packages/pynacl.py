"""Encrypts, signs and hashes with libsodium."""

OLD = ["pynacl==1.5.0"]
NEW = ["pynacl==1.6.1"]
CODE = "C (cffi)"


def work():
    import nacl
    import nacl.encoding
    import nacl.exceptions
    import nacl.hash
    import nacl.public
    import nacl.secret
    import nacl.signing

    box = nacl.secret.SecretBox(b"k" * 32)
    key = nacl.signing.SigningKey(b"s" * 32)
    mine, theirs = nacl.public.PrivateKey(b"a" * 32), nacl.public.PrivateKey(b"b" * 32)
    sealed = nacl.public.Box(mine, theirs.public_key).encrypt(b"text", b"n" * 24)
    try:
        key.verify_key.verify(b"x" * 64 + b"text")
    except nacl.exceptions.BadSignatureError as error:
        wrong = str(error)
    return [
        nacl.__version__,
        box.encrypt(b"text", b"n" * 24).hex(),
        key.sign(b"text").signature.hex()[:20],
        nacl.public.Box(theirs, mine.public_key).decrypt(sealed).decode(),
        nacl.hash.blake2b(b"x", encoder=nacl.encoding.HexEncoder).decode(),
        wrong,
    ]
