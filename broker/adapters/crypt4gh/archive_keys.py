"""The repository's own Crypt4GH keys: what its files are encrypted for, on disk under the passphrase of the other keys.

A folder with `<made>.<first half of the fingerprint>.pem` files (PKCS#8). New files are encrypted for the newest;
every one goes on opening what was encrypted for it, so none is ever taken away while such files are there.
"""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker.adapters.crypt4gh.packets import SecretKey
from broker.adapters.keys import KeyStoreError, read_passphrase, refuse_readable, store_private
from broker.core.crypt4gh.public_keys import fingerprint

FOLDER = "crypt4gh"
"""Below the folder of the signing keys."""
_NAME = 32
"""Characters of a fingerprint in a file's name."""


def save_key(folder: Path, raw: bytes, passphrase: bytes, now: int) -> SecretKey:
    """Store the key whose secret bytes are `raw`, mode 0600. FileExistsError if it is there already."""
    folder.mkdir(mode=0o700, exist_ok=True)
    key = SecretKey.of(raw)
    name = fingerprint(key.public)[:_NAME]
    if any(name in path.name for path in folder.glob("*.pem")):
        raise FileExistsError(f"{folder}: this key is there already")
    store_private(folder / f"{now:012}.{name}.pem", key.private, passphrase)
    return key


class ArchiveKeys:
    """The keys of one folder, read when they are first needed, and again when files were added."""

    def __init__(self, folder: Path, passphrase_file: Path) -> None:
        self._folder, self._passphrase_file = folder, passphrase_file
        self._read: dict[str, SecretKey] = {}
        self._ordered: tuple[SecretKey, ...] = ()
        self._seen = -1

    def all(self) -> tuple[SecretKey, ...]:
        """Every key, the newest first. KeyStoreError: one cannot be read, or there is none."""
        changed = self._folder.stat().st_mtime_ns if self._folder.is_dir() else -1
        if changed < 0 or changed != self._seen:
            self._look()
            self._seen = changed
        return self._ordered

    def _look(self) -> None:
        found = sorted(self._folder.glob("*.pem"), reverse=True)
        if not found:
            raise KeyStoreError(f"{self._folder}: there is no Crypt4GH key; `broker data key make` makes one")
        passphrase = read_passphrase(self._passphrase_file)
        self._read = {path.name: self._read.get(path.name) or _read(path, passphrase) for path in found}
        self._ordered = tuple(self._read.values())


def _read(path: Path, passphrase: bytes) -> SecretKey:
    refuse_readable(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except (ValueError, TypeError):
        raise KeyStoreError(f"{path}: not a key of ours, or not under this passphrase") from None
    if not isinstance(private, X25519PrivateKey):
        raise KeyStoreError(f"{path}: not a Crypt4GH key")
    key = SecretKey.of(private.private_bytes_raw())
    if fingerprint(key.public)[:_NAME] != path.name.split(".")[1]:
        raise KeyStoreError(f"{path}: the name does not fit the key")
    return key
