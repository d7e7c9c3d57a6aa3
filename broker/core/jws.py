"""What does this text say, if it is a compact JWS, and what is a key's name? (RFC 7515 section 7.1, RFC 7638)

Strict: size first, exactly three parts, canonical base64url, JSON that cannot be read in two ways. So each
token has one spelling, and no second spelling dodges a deny-list or a cache. Nothing here does cryptography.
"""

import hashlib
import json
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from broker.core import strict_json

Jwk = Mapping[str, Any]
CheckSignature = Callable[[str, Jwk, bytes, bytes], bool]
"""(algorithm, key, what was signed, signature) -> did the owner of the key sign it? See `adapters/jose.py`."""

MEMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType({"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")})
"""What makes a key this key and no other, in the order of RFC 7638."""
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that nobody but its owner may know."""

_PARTS = 3
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST: Mapping[int, frozenset[bytes]] = MappingProxyType({
    1: frozenset(),
    2: frozenset(bytes([letter]) for letter in _ALPHABET[::16]),
    3: frozenset(bytes([letter]) for letter in _ALPHABET[::4]),
})  # fmt: skip
"""By the length over a multiple of four: the last characters whose unused bits are zero."""
_MAX_HEADER = 2048
"""Bytes of a header part that is looked up before it is read; a longer one is read each time."""


@dataclass(frozen=True, slots=True)
class Jws:
    """The parts of one token. Nothing in it is true yet: the signature was not looked at."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signing_input: bytes
    signature: bytes


def read(token: str) -> Jws | None:
    """The parts of `token`, whose length the caller has bounded; None if it is not a compact JWS."""
    if not token.isascii() or token.count(".") != _PARTS - 1:
        return None
    signing_input, _, last = token.encode("ascii").rpartition(b".")
    first, _, middle = signing_input.partition(b".")
    header = _header(first) if len(first) <= _MAX_HEADER else _members(first)
    payload, signature = _members(middle), _decoded(last)
    if header is None or payload is None or not signature:
        return None
    return Jws(header, payload, signing_input, signature)


def thumbprint(key: Jwk) -> bytes:
    """The key's RFC 7638 name (SHA-256). KeyError for a key that is neither EC nor RSA."""
    members = MEMBERS[key["kty"]]
    return _thumbprint(tuple((member, str(key[member])) for member in members))


@lru_cache(maxsize=4096)
def _thumbprint(members: tuple[tuple[str, str], ...]) -> bytes:
    text = json.dumps(dict(members), separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def _decoded(part: bytes) -> bytes | None:
    """The bytes that `part` spells in base64url without padding, if it is the one way to spell them.

    One way: no character of the other alphabet, no padding, and no bit set that stands for nothing (the last
    character of a part whose length is not a multiple of four has two or four of them).
    """
    over = len(part) % 4
    if part.translate(None, _ALPHABET) or (over and part[-1:] not in _LAST[over]):
        return None
    try:
        return a2b_base64(part.translate(_TO_BASE64) + b"=" * (-over % 4), strict_mode=True)
    except Base64Error:
        return None


@lru_cache(maxsize=1024)
def _header(part: bytes) -> Mapping[str, Any] | None:
    """The members of a header. Nearly all tokens of an issuer have the very same one, so it is read once."""
    members = _members(part)
    return None if members is None else MappingProxyType(members)


def _members(part: bytes) -> dict[str, Any] | None:
    decoded = _decoded(part)
    if decoded is None:
        return None
    try:
        value = strict_json.loads(decoded, len(decoded))
    except strict_json.StrictJsonError:
        return None
    return value if isinstance(value, dict) else None
