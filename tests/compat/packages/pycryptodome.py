"""Encrypts with AES, ChaCha20 and RSA, hashes with SHA-3, and signs."""

OLD = ["pycryptodome==3.9.9"]
NEW = ["pycryptodome==3.23.0"]
CODE = "C (loaded with ctypes or cffi)"

import Crypto


def work():
    from Crypto.Cipher import AES, PKCS1_OAEP, ChaCha20
    from Crypto.Hash import SHA3_256
    from Crypto.Protocol.KDF import scrypt
    from Crypto.PublicKey import RSA
    from Crypto.Signature import pkcs1_15
    from Crypto.Hash import SHA256

    cipher = AES.new(b"k" * 32, AES.MODE_GCM, nonce=b"n" * 12)
    text, tag = cipher.encrypt_and_digest(b"text")
    key = RSA.generate(1024)
    hashed = SHA256.new(b"text")
    pkcs1_15.new(key.publickey()).verify(hashed, pkcs1_15.new(key).sign(hashed))
    return [
        Crypto.__version__,
        [text.hex(), tag.hex()],
        ChaCha20.new(key=b"k" * 32, nonce=b"n" * 12).encrypt(b"text").hex(),
        PKCS1_OAEP.new(key).decrypt(PKCS1_OAEP.new(key.publickey()).encrypt(b"secret")).decode(),
        SHA3_256.new(b"x").hexdigest(),
        scrypt(b"pw", "salt", 16, 16, 1, 1).hex(),
    ]
