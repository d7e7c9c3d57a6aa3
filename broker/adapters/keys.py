"""Private keys on disk: one encrypted file a key, separate keys for separate jobs (design section 6).

A folder with `<use>.<made>.<kid>.pem` files (PKCS#8, encrypted under the passphrase); `….now.pem` is a key that signs
as soon as it is seen. A `….json` file stands for a key that is kept elsewhere: where, under which name, and its public
half. When each key signs, retires and is gone is told by core/oidc/key_life.py.
"""

import base64
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.core.oidc.key_life import Term, signing, terms
from broker.core.time import FOREVER, Seconds

Use = Literal["oidc-rs256", "oidc-es256", "visa", "ticket", "log"]
USES: tuple[Use, ...] = ("oidc-rs256", "oidc-es256", "visa", "ticket", "log")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ELSEWHERE = ".json"
_RSA_BITS = 3072
_URGENT = ".now"


class KeyStoreError(Exception):
    """The keys cannot be used; the message says which file and why, never what is in it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A private key that signs where it is kept: at which service, under which name, and its public half."""

    where: str
    name: str
    public: PublicKey

    def public_key(self) -> PublicKey:
        """As private keys that are here say it."""
        return self.public


@dataclass(frozen=True, slots=True)
class Key:
    """One private key. `kid` is unique over all keys of the broker."""

    use: Use
    kid: str
    made: int
    private: PrivateKey | Elsewhere
    urgent: bool = False
    """It signs as soon as it is seen, without having been published before."""


class KeyStore:
    """The keys of one broker, as read from the folder."""

    def __init__(self, keys: tuple[Key, ...], begins: Mapping[str, Seconds] | None = None) -> None:
        """`begins`: when each key signs, by `kid`; one that is not in it does not count. None: since made."""
        self.keys = keys
        known = {key.kid: Seconds(key.made) for key in keys} if begins is None else begins
        self._keys = {key.kid: key for key in keys if key.kid in known}
        self._terms = {
            use: terms((key.kid, known[key.kid]) for key in self._keys.values() if key.use == use) for use in USES
        }
        missing = [use for use, found in self._terms.items() if not found]
        if missing:
            raise KeyStoreError(f"no key for {', '.join(missing)}: make one with `broker keys rotate <use>`")

    def beginning(self, begins: Mapping[str, Seconds]) -> "KeyStore":
        """The same keys, of which each signs when `begins` says. KeyStoreError if a use has none left."""
        return KeyStore(self.keys, begins)

    def signing(self, use: Use, now: Seconds = FOREVER) -> Key:
        """The key that signs for `use` at `now`; the newest of all if no time is told."""
        return self._keys[signing(self._terms[use], now).kid]

    def terms(self, use: Use) -> tuple[tuple[Key, Term], ...]:
        """Every key of `use`, with when it signs."""
        return tuple((self._keys[term.kid], term) for term in self._terms[use])

    def secret(self, purpose: str) -> bytes:
        """32 bytes for `purpose`, from the log's key, the one that is never rotated: one secret less to keep."""
        private = self.signing("log").private
        if isinstance(private, Elsewhere):
            raise KeyStoreError("the log's key is kept in a file of ours: secrets are made from it")
        known = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(known)


def make_key(folder: Path, use: Use, passphrase: bytes, now: int, *, urgent: bool = False) -> Key:
    """Make a key for `use` and store it encrypted, mode 0600. FileExistsError rather than overwrite."""
    private = _generate(use)
    kid = _kid(private)
    store_private(folder / f"{use}.{now}.{kid}{_URGENT if urgent else ''}.pem", private, passphrase)
    return Key(use, kid, now, private, urgent)


def name_elsewhere(use: Use, now: int) -> str:
    """Under which name a key of `use` that is made now is kept elsewhere."""
    return f"broker-{use}-{now}"


def note_elsewhere(folder: Path, use: Use, where: str, name: str, public: bytes, now: int, *, urgent: bool) -> Key:
    """Note a key for `use` that was made elsewhere, by its public half (DER). KeyStoreError if it fits no use."""
    known = serialization.load_der_public_key(public)
    if not isinstance(known, PublicKey):
        raise KeyStoreError(f"{where}: {name} is of no kind that signs tokens")
    private = Elsewhere(where, name, known)
    kid = _kid(private)
    pem = known.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    said = json.dumps({"where": where, "name": name, "public_key": pem}, indent=2)
    path = folder / f"{use}.{now}.{kid}{_URGENT if urgent else ''}{_ELSEWHERE}"
    _write_whole(path, said.encode())
    return Key(use, kid, now, private, urgent)


def key_files(folder: Path) -> tuple[str, ...]:
    """The names of the keys in a folder: other names, other keys. OSError if there is none."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.suffix in (".pem", _ELSEWHERE)))


def open_keys(folder: Path, passphrase_file: Path) -> KeyStore:
    """Read every key. KeyStoreError for a missing folder, a readable secret, a wrong passphrase, a bad name."""
    if not folder.is_dir():
        raise KeyStoreError(f"{folder}: there are no keys; `broker init` makes them")
    passphrase = read_passphrase(passphrase_file)
    keys = [_read(folder / name, passphrase) for name in key_files(folder)]
    return KeyStore(tuple(sorted(keys, key=lambda key: (key.made, key.kid))))


def make_passphrase(path: Path, random: bytes) -> None:
    """Write a new passphrase, mode 0600. FileExistsError rather than overwrite."""
    write_private(path, base64.urlsafe_b64encode(random))


def read_passphrase(path: Path) -> bytes:
    """The passphrase. KeyStoreError if it is missing, empty, or readable by others than its owner."""
    refuse_readable(path)
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


def _kid(private: PrivateKey | Elsewhere) -> str:
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()[:16]


def _read(path: Path, passphrase: bytes) -> Key:
    refuse_readable(path)
    try:
        name = path.name.removesuffix(path.suffix)
        use, made, kid = name.removesuffix(_URGENT).rsplit(".", 2)
        data = path.read_bytes()
        is_here = path.suffix != _ELSEWHERE
        private = serialization.load_pem_private_key(data, passphrase) if is_here else _elsewhere(data)
    except (ValueError, TypeError, KeyError):
        raise KeyStoreError(f"{path}: not a key of ours, or not under this passphrase") from None
    if use not in USES or not isinstance(private, PrivateKey | Elsewhere) or _kid(private) != kid:
        raise KeyStoreError(f"{path}: the name does not fit the key")
    return Key(use, kid, int(made), private, name.endswith(_URGENT))


def _elsewhere(data: bytes) -> Elsewhere:
    """ValueError, TypeError, KeyError for anything but such a note."""
    said = json.loads(data)
    where, name, pem = (str(said[member]) for member in ("where", "name", "public_key"))
    public = serialization.load_pem_public_key(pem.encode())
    if not isinstance(public, PublicKey) or not _NAME.fullmatch(where) or not _NAME.fullmatch(name):
        raise ValueError("not a key that is kept elsewhere")
    return Elsewhere(where, name, public)


def refuse_readable(path: Path) -> None:
    """KeyStoreError for a secret that is missing, or that others than its owner can read."""
    try:
        mode = path.stat().st_mode
    except OSError:
        raise KeyStoreError(f"{path}: missing; `broker init` makes it") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyStoreError(f"{path}: readable by others; chmod 600 it")


def store_private(path: Path, private: PrivateKey | x25519.X25519PrivateKey, passphrase: bytes) -> None:
    """The key under the passphrase (PKCS 8), mode 0600. FileExistsError rather than overwrite.

    The file appears whole or not at all: a running broker may be looking.
    """
    data = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    _write_whole(path, data)


def _write_whole(path: Path, data: bytes) -> None:
    unfinished = path.with_suffix(".new")
    write_private(unfinished, data)
    try:
        os.link(unfinished, path)
    finally:
        unfinished.unlink()


def write_private(path: Path, data: bytes) -> None:
    """A new file, mode 0600, on disk when this returns. FileExistsError rather than overwrite."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
