"""Private keys on disk: one encrypted file a key, separate keys for separate jobs (design section 6).

A folder with `<use>.<made>.<kid>.pem` files (PKCS#8, encrypted under the passphrase). The newest key of a
use signs; all of them are published, so that what an older one signed still verifies until it ends.
"""

import base64
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Use = Literal["oidc-rs256", "oidc-es256", "visa", "ticket", "log"]
USES: tuple[Use, ...] = ("oidc-rs256", "oidc-es256", "visa", "ticket", "log")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_RSA_BITS = 3072


class KeyStoreError(Exception):
    """The keys cannot be used; the message says which file and why, never what is in it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One private key. `kid` is unique over all keys of the broker."""

    use: Use
    kid: str
    made: int
    private: PrivateKey


class KeyStore:
    """The keys of one broker, as read at start."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = {use: tuple(key for key in keys if key.use == use) for use in USES}
        missing = [use for use, found in self._keys.items() if not found]
        if missing:
            raise KeyStoreError(f"no key for {', '.join(missing)}: make one with `broker keys rotate <use>`")

    def signing(self, use: Use) -> Key:
        """The key that signs for `use` now: the newest."""
        return self._keys[use][-1]

    def published(self, *uses: Use) -> tuple[Key, ...]:
        """Every key of `uses`, the retired ones too."""
        return tuple(key for use in uses for key in self._keys[use])

    def secret(self, purpose: str) -> bytes:
        """32 bytes for `purpose`, derived from the ticket key: one secret less to keep."""
        private = self.signing("ticket").private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(private)


def make_key(folder: Path, use: Use, passphrase: bytes, now: int) -> Key:
    """Make a key for `use` and store it encrypted, mode 0600. FileExistsError rather than overwrite."""
    private = _generate(use)
    kid = _kid(private)
    data = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    _write_private(folder / f"{use}.{now}.{kid}.pem", data)
    return Key(use, kid, now, private)


def open_keys(folder: Path, passphrase_file: Path) -> KeyStore:
    """Read every key. KeyStoreError for a missing folder, a readable secret, a wrong passphrase, a bad name."""
    if not folder.is_dir():
        raise KeyStoreError(f"{folder}: there are no keys; `broker init` makes them")
    passphrase = read_passphrase(passphrase_file)
    keys = [_read(path, passphrase) for path in sorted(folder.glob("*.pem"))]
    return KeyStore(tuple(sorted(keys, key=lambda key: (key.made, key.kid))))


def make_passphrase(path: Path, random: bytes) -> None:
    """Write a new passphrase, mode 0600. FileExistsError rather than overwrite."""
    _write_private(path, base64.urlsafe_b64encode(random))


def read_passphrase(path: Path) -> bytes:
    """The passphrase. KeyStoreError if it is missing, empty, or readable by others than its owner."""
    _refuse_readable(path)
    passphrase = path.read_bytes().strip()
    if not passphrase:
        raise KeyStoreError(f"{path}: the passphrase is empty")
    return passphrase


def _generate(use: Use) -> PrivateKey:
    if use == "oidc-rs256":
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    if use == "log":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def _kid(private: PrivateKey) -> str:
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()[:16]


def _read(path: Path, passphrase: bytes) -> Key:
    _refuse_readable(path)
    try:
        use, made, kid = path.name.removesuffix(".pem").rsplit(".", 2)
        private = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except (ValueError, TypeError):
        raise KeyStoreError(f"{path}: not a key of ours, or not under this passphrase") from None
    if use not in USES or not isinstance(private, PrivateKey) or _kid(private) != kid:
        raise KeyStoreError(f"{path}: the name does not fit the key")
    return Key(use, kid, int(made), private)


def _refuse_readable(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        raise KeyStoreError(f"{path}: missing; `broker init` makes it") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyStoreError(f"{path}: readable by others; chmod 600 it")


def _write_private(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
