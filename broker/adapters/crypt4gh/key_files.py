"""Reads and writes secret key files as the Crypt4GH tools make them, and Ed25519 keys of OpenSSH.

`c4gh-v1`, then words with their length before them: the way of deriving a key from a passphrase and its options, the
cipher, the secret (the format of EGA's implementation; the standard has none).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Final

import bcrypt
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from broker.adapters.crypt4gh.packets import SecretKey
from broker.core.crypt4gh.header import KEY_BYTES, NONCE_BYTES

MAX_FILE: Final = 64 * 1024
"""Longest key file that is read, in bytes."""
MAX_ROUNDS: Final = {b"bcrypt": 1_000, b"pbkdf2_hmac_sha256": 10_000_000}
"""The file says how much work it is to open it; more than this nobody has to do."""
_MAGIC: Final = b"c4gh-v1"
_BEGIN, _END = b"-----BEGIN CRYPT4GH PRIVATE KEY-----", b"-----END CRYPT4GH PRIVATE KEY-----"
_SSH: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_SCRYPT: Final = {"n": 1 << 14, "r": 8, "p": 1}
_SALT_BYTES = 16

Passphrase = Callable[[], bytes]
"""Asked only if the key is under a passphrase."""


class KeyFileError(ValueError):
    """Not a secret key that can be used, or not under this passphrase. The message holds nothing of the key."""


def read_secret_key(data: bytes, passphrase: Passphrase) -> SecretKey:
    """The key in a file. KeyFileError."""
    lines = [line.strip() for line in data[: MAX_FILE + 1].strip().splitlines()]
    if len(data) > MAX_FILE or not lines:
        raise KeyFileError("not a secret key")
    if lines[0] == _SSH:
        return _of_ssh(data, passphrase)
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004
        raise KeyFileError("not a Crypt4GH secret key")
    try:
        raw = _unlocked(base64.b64decode(b"".join(lines[1:-1]), validate=True), passphrase)
    except binascii.Error:
        raise KeyFileError("not base64") from None
    if len(raw) != KEY_BYTES:
        raise KeyFileError(f"a key has {KEY_BYTES} bytes")
    return SecretKey.of(raw)


def _unlocked(blob: bytes, passphrase: Passphrase) -> bytes:
    if not blob.startswith(_MAGIC):
        raise KeyFileError("not a Crypt4GH secret key")
    kdf, rest = _word(blob[len(_MAGIC) :])
    options, rest = _word(rest) if kdf != b"none" else (b"", rest)
    cipher, rest = _word(rest)
    secret, _ = _word(rest)
    if kdf == b"none" and cipher == b"none":
        return secret
    if cipher != b"chacha20_poly1305" or kdf == b"none" or len(options) < 4 + 1 or len(secret) <= NONCE_BYTES:
        raise KeyFileError("encrypted in an unknown way")
    derived = _derived(kdf, int.from_bytes(options[:4], "big"), options[4:], passphrase)
    try:
        return ChaCha20Poly1305(derived).decrypt(secret[:NONCE_BYTES], secret[NONCE_BYTES:], None)
    except InvalidTag:
        raise KeyFileError("not under this passphrase") from None


def _word(blob: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(blob[:2], "big")
    if len(blob) < 2 + length:
        raise KeyFileError("the file is cut off")
    return blob[2 : 2 + length], blob[2 + length :]


def _derived(kdf: bytes, rounds: int, salt: bytes, passphrase: Passphrase) -> bytes:
    if kdf not in MAX_ROUNDS and kdf != b"scrypt":
        raise KeyFileError("encrypted in an unknown way")
    if kdf != b"scrypt" and not 0 < rounds <= MAX_ROUNDS[kdf]:
        raise KeyFileError("its passphrase would take too long to try")
    phrase = passphrase()
    if not phrase:
        raise KeyFileError("it is under a passphrase")
    if kdf == b"scrypt":
        return hashlib.scrypt(phrase, salt=salt, dklen=KEY_BYTES, **_SCRYPT)
    if kdf == b"bcrypt":
        return bcrypt.kdf(phrase, salt, KEY_BYTES, rounds, ignore_few_rounds=True)
    return hashlib.pbkdf2_hmac("sha256", phrase, salt, rounds, KEY_BYTES)


def _of_ssh(data: bytes, passphrase: Passphrase) -> SecretKey:
    """An Ed25519 key signs with the first half of a hash of its seed: that is its key on Curve25519."""
    try:
        try:
            key = serialization.load_ssh_private_key(data, None)
        except TypeError:  # it is under a passphrase
            key = serialization.load_ssh_private_key(data, passphrase())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError("not an SSH key, or not under this passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("of SSH keys, only ed25519 can be used")
    return SecretKey.of(hashlib.sha512(key.private_bytes_raw()).digest()[:KEY_BYTES])


def write_secret_key(raw: bytes, passphrase: bytes, random: Callable[[int], bytes]) -> bytes:
    """A key file under `passphrase`, for the Crypt4GH tools. ValueError without one: no key lies about in the clear."""
    if not passphrase:
        raise ValueError("a secret key needs a passphrase")
    salt, nonce = random(_SALT_BYTES), random(NONCE_BYTES)
    derived = hashlib.scrypt(passphrase, salt=salt, dklen=KEY_BYTES, **_SCRYPT)
    secret = nonce + ChaCha20Poly1305(derived).encrypt(nonce, raw, None)
    words = (b"scrypt", bytes(4) + salt, b"chacha20_poly1305", secret)
    blob = _MAGIC + b"".join(len(word).to_bytes(2, "big") + word for word in words)
    return b"\n".join((_BEGIN, base64.b64encode(blob), _END, b""))
