"""The algorithms below signed notes: Ed25519, and ML-DSA-44 for a log that is to be believed after it."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from broker.adapters.keys import KeyStoreError, refuse_readable, write_private
from broker.core.audit.note import Key, Signer
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA, PUBLIC_BYTES

SECOND = "log-ml-dsa-44.key"
"""The file of the second key of a log, in the folder of keys."""


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is `signature` the one of `message`? The length of the key says by which algorithm (core.audit.note.Verify)."""
    second = len(public) == PUBLIC_BYTES[COSIGNED_ML_DSA]
    try:
        key = MLDSA44PublicKey.from_public_bytes(public) if second else Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_second(folder: Path, passphrase: bytes) -> None:
    """Make the log's second key, encrypted, mode 0600. FileExistsError rather than overwrite."""
    data = MLDSA44PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    write_private(folder / SECOND, data)


def open_second(folder: Path, passphrase: bytes, origin: str) -> Signer | None:
    """The log's second key under the name of the log, if one was made. KeyStoreError if it cannot be used."""
    path = folder / SECOND
    if not path.exists():
        return None
    refuse_readable(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except (ValueError, TypeError):
        raise KeyStoreError(f"{path}: not a key of ours, or not under this passphrase") from None
    if not isinstance(private, MLDSA44PrivateKey):
        raise KeyStoreError(f"{path}: not an ML-DSA-44 key")
    return Signer(Key(origin, private.public_key().public_bytes_raw(), COSIGNED_ML_DSA), private.sign)
