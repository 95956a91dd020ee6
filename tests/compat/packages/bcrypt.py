"""Hashes and checks passwords and derives keys."""

OLD = ["bcrypt==3.2.2"]
NEW = ["bcrypt==5.0.0"]
CODE = "C (cffi), Rust"

import bcrypt


def work():
    salt = b"$2b$04$" + b"abcdefghijklmnopqrstuu"
    hashed = bcrypt.hashpw(b"pw", salt)
    return [
        bcrypt.__version__,
        hashed.decode(),
        [bcrypt.checkpw(b"pw", hashed), bcrypt.checkpw(b"no", hashed)],
        bcrypt.kdf(b"pw", b"salt", 16, 4, ignore_few_rounds=True).hex(),
        len(bcrypt.gensalt(4)),
    ]
