"""What does a visa's or Passport's text say, if it is one at all? (RFC 7515, RFC 8725; no signature check)

The parser is core/jws.py; here are the limit of the kind, and the headers that no visa or Passport may have.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core.jws import read
from broker.core.outcome import Reason

Kind = Literal["VISA", "PASSPORT"]
"""The first word of the reason codes."""

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
    found = read(token)
    if found is None:
        return Reason(code=f"{kind}-MALFORMED")
    if not _NEVER.isdisjoint(found.header):
        return Reason(code=f"{kind}-HEADER", facts=(("claim", min(_NEVER.intersection(found.header))),))
    return Compact(
        header=found.header,
        payload=found.payload,
        signing_input=found.signing_input,
        signature=found.signature,
        digest=hashlib.sha256(found.signing_input).hexdigest(),
    )
