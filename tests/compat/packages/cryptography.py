"""Encrypts with AES-GCM and Fernet, derives a key, signs with Ed25519, makes and reads a certificate."""

OLD = ["cryptography==39.0.2"]
NEW = ["cryptography==46.0.3"]
CODE = "Rust, C (cffi)"

import cryptography


def work():
    import datetime

    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
    from cryptography.x509.oid import NameOID

    sealed = AESGCM(b"k" * 32).encrypt(b"n" * 12, b"text", b"more")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32)
    try:
        key.public_key().verify(b"x" * 64, b"text")
    except InvalidSignature as wrong:
        caught = type(wrong).__name__
    fernet = Fernet(Fernet.generate_key())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pinfold.test")])
    day = datetime.datetime(2024, 2, 29)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(day).not_valid_after(day + datetime.timedelta(9))
    pem = builder.sign(key, None).public_bytes(serialization.Encoding.PEM)
    return [
        cryptography.__version__,
        sealed.hex(),
        fernet.decrypt(fernet.encrypt(b"secret")).decode(),
        PBKDF2HMAC(hashes.SHA256(), 16, b"salt", 100).derive(b"pw").hex(),
        key.sign(b"text").hex()[:16],
        caught,
        x509.load_pem_x509_certificate(pem).subject.rfc4514_string(),
        rsa.generate_private_key(65537, 1024 if cryptography.__version__ < "4" else 2048).key_size > 0,
    ]
