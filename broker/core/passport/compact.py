"""What does this text say, if it is a compact JWS at all? (RFC 7515 section 7.1, RFC 8725; no signature check)

Strict: size first, exactly three parts, canonical base64url, JSON that cannot be read in two ways. So each
token has one spelling, and no second spelling dodges a deny-list or a cache.
"""

import hashlib
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core import strict_json
from broker.core.outcome import Reason

Kind = Literal["VISA", "PASSPORT"]
"""The first word of the reason codes."""

_PARTS = 3
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_NEVER = frozenset(
    {"crit", "b64", "zip", "cty", "jwk", "x5c", "x5u", "enc", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}
)
"""Header members that would change how the token is read, or bring a key along. RFC 7515 wants other unknown
members ignored: they are signed, and nothing here reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """The parts of one token. Nothing in it is true yet: the signature was not looked at.

    `digest`: SHA-256 of what is signed, hexadecimal. It names the statement, whatever the signature's bytes: for
    deny-lists and for counting a visa once. A store of verified tokens must be keyed by the whole text.
    """

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signing_input: bytes
    signature: bytes
    digest: str


def parse(token: str, limit: int, kind: Kind) -> Compact | Reason:
    """The parts of `token`, at most `limit` characters; otherwise `TOO-LARGE`, `MALFORMED` or `HEADER`."""
    if len(token) > limit:
        return Reason(code=f"{kind}-TOO-LARGE", facts=(("limit", str(limit)),))
    malformed = Reason(code=f"{kind}-MALFORMED")
    if not token.isascii() or token.count(".") != _PARTS - 1:
        return malformed
    raw = token.encode("ascii")
    signing_input, _, last = raw.rpartition(b".")
    first, _, middle = signing_input.partition(b".")
    header, payload, signature = _members(first), _members(middle), _decoded(last)
    if header is None or payload is None or not signature:
        return malformed
    if not _NEVER.isdisjoint(header):
        return Reason(code=f"{kind}-HEADER", facts=(("claim", min(_NEVER.intersection(header))),))
    return Compact(
        header=header,
        payload=payload,
        signing_input=signing_input,
        signature=signature,
        digest=hashlib.sha256(signing_input).hexdigest(),
    )


def _decoded(part: bytes) -> bytes | None:
    """The bytes that `part` spells in base64url without padding, if it is the one way to spell them."""
    try:
        decoded = a2b_base64(part.translate(_TO_BASE64) + b"=" * (-len(part) % 4), strict_mode=True)
    except Base64Error:
        return None
    spelled = b2a_base64(decoded, newline=False).translate(_TO_BASE64URL).rstrip(b"=")
    return decoded if spelled == part else None


def _members(part: bytes) -> Mapping[str, Any] | None:
    decoded = _decoded(part)
    if decoded is None:
        return None
    try:
        value = strict_json.loads(decoded, len(decoded))
    except strict_json.StrictJsonError:
        return None
    return value if isinstance(value, dict) else None
