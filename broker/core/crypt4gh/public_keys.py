"""The public key of who is to read a Crypt4GH file: read from the forms that people have, and refused if weak.

Three forms: `-----BEGIN CRYPT4GH PUBLIC KEY-----`, 32 bytes in base64, and a line `ssh-ed25519 …`, whose point is
carried over to Curve25519 (RFC 7748 section 4.1). A weak key is one with which everybody shares the same secret.
"""

import base64
import binascii
import hashlib
import struct
from typing import Final

KEY_BYTES = 32
MAX_TEXT = 2048
"""Longest text in which a key is looked for, in characters."""
LABEL = "CRYPT4GH PUBLIC KEY"

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SSH = b"ssh-ed25519"
_LOW_ORDER: Final = frozenset({
    0,
    1,
    _P - 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
})  # fmt: skip
"""The u-coordinates of the points of order 1, 2, 4 and 8 of Curve25519 and its twist (RFC 7748 section 6.1)."""


class PublicKeyError(ValueError):
    """Not a public key that can be used; the message says why, without the key."""


def read(text: str) -> bytes:
    """The 32 bytes of the one key in `text`. PublicKeyError: none, several, malformed, or weak."""
    if len(text) > MAX_TEXT:
        raise PublicKeyError("too long for a public key")
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines or not text.isascii():
        raise PublicKeyError("not a Crypt4GH public key")
    if lines[0].startswith("ssh-"):
        key = _of_ssh(lines)
    elif lines[0].startswith("-----"):
        if len(lines) != 3 or lines[0] != f"-----BEGIN {LABEL}-----" or lines[2] != f"-----END {LABEL}-----":  # noqa: PLR2004
            raise PublicKeyError("one Crypt4GH public key is expected, and nothing else")
        key = _of_base64(lines[1])
    elif len(lines) == 1:
        key = _of_base64(lines[0])
    else:
        raise PublicKeyError("one key is expected, on one line")
    if is_weak(key):
        raise PublicKeyError("this key is weak: anybody could read what is encrypted for it")
    return key


def write(key: bytes) -> str:
    """The key as a Crypt4GH public key file."""
    return f"-----BEGIN {LABEL}-----\n{base64.b64encode(key).decode()}\n-----END {LABEL}-----\n"


def fingerprint(key: bytes) -> str:
    """By what a key is told from others: the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key).hexdigest()


def is_weak(key: bytes) -> bool:
    """Would every secret shared with this key be the same? The highest bit does not count (RFC 7748 section 5)."""
    return (int.from_bytes(key, "little") & (2**255 - 1)) % _P in _LOW_ORDER


def _of_base64(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise PublicKeyError("not base64") from None
    if len(key) != KEY_BYTES:
        raise PublicKeyError(f"a key has {KEY_BYTES} bytes")
    return key


def _of_ssh(lines: list[str]) -> bytes:
    """The point of an Ed25519 key (RFC 8709 section 4), on Curve25519."""
    words = lines[0].split()
    if len(lines) != 1 or words[0] != _SSH.decode() or len(words) == 1:
        raise PublicKeyError("of SSH keys, one line of ssh-ed25519 is expected")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise PublicKeyError("not base64") from None
    frame = struct.pack(">I", len(_SSH)) + _SSH + struct.pack(">I", KEY_BYTES)
    if not blob.startswith(frame) or len(blob) != len(frame) + KEY_BYTES:
        raise PublicKeyError("not an Ed25519 key")
    return from_ed25519(blob[len(frame) :])


def from_ed25519(point: bytes) -> bytes:
    """The Curve25519 key of an Ed25519 public key: u = (1 + y) / (1 - y). PublicKeyError: not on the curve."""
    y = int.from_bytes(point, "little") & (2**255 - 1)
    if y >= _P or not _on_curve(y):
        raise PublicKeyError("not a point of Ed25519")
    if y == 1:
        raise PublicKeyError("this key is weak: anybody could read what is encrypted for it")
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(KEY_BYTES, "little")


def _on_curve(y: int) -> bool:
    """Is there an x with this y? x² = (y² - 1) / (dy² + 1) must be a square (RFC 8032 section 5.1.3)."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return square == 0 or pow(square, (_P - 1) // 2, _P) == 1
