"""Are the registered claims of a foreign token whole, of the right type, in time and for us?
(RFC 7519 section 4.1, AAI 1.2.1 "Clearinghouses"; rulings 16 and 18)

One time rule for every foreign token, half open: alive while `now < exp + leeway` and `now >= nbf - leeway`,
`now >= iat - leeway`. A NumericDate is a whole number of seconds: not a string, a fraction or `true`.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from broker.core.outcome import Reason
from broker.core.passport.compact import Kind
from broker.core.passport.linked import is_name
from broker.core.time import FOREVER, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a token is judged against. `leeway` is for clocks that are not ours."""

    at: Seconds
    leeway: Seconds
    longest: Seconds
    """The longest `exp - iat`, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The registered claims of one token, each of its exact type."""

    iss: str
    sub: str
    jti: str | None
    iat: Seconds
    exp: Seconds


def registered(payload: Mapping[str, Any], when: When, kind: Kind) -> Registered | Reason:
    """The claims, or why they do not hold: `CLAIMS` (which one), `LIFETIME`, `NOT-YET`, `EXPIRED`."""
    for name in ("iss", "sub"):
        if text(payload.get(name)) is None:
            return wrong(kind, name)
    if "jti" in payload and text(payload["jti"]) is None:
        return wrong(kind, "jti")
    for name in ("iat", "exp", "nbf"):
        if seconds(payload.get(name)) is None and (name in payload or name != "nbf"):
            return wrong(kind, name)
    iat, exp = Seconds(payload["iat"]), Seconds(payload["exp"])
    if not 0 < exp - iat <= when.longest:
        return Reason(code=f"{kind}-LIFETIME")
    if when.at < max(iat, payload.get("nbf", iat)) - when.leeway:
        return Reason(code=f"{kind}-NOT-YET")
    if not when.at < exp + when.leeway:
        return Reason(code=f"{kind}-EXPIRED")
    return Registered(iss=payload["iss"], sub=payload["sub"], jti=payload.get("jti"), iat=iat, exp=exp)


def wrong(kind: Kind, claim: str) -> Reason:
    """`CLAIMS`: `claim` is missing or not what it has to be. Its content is never repeated."""
    return Reason(code=f"{kind}-CLAIMS", facts=(("claim", claim),))


def text(value: Any) -> str | None:
    """`value`, if it is a string that can be a name (see `is_name`)."""
    return value if isinstance(value, str) and is_name(value) else None


def seconds(value: Any) -> Seconds | None:
    """`value`, if it is a NumericDate: a whole number from 1 to the end of RFC 3339 (`true` is not a number)."""
    return Seconds(value) if type(value) is int and 0 < value <= FOREVER else None


def is_for(payload: Mapping[str, Any], us: AbstractSet[str]) -> bool:
    """Does `aud`, if there is one, name one of `us`? (RFC 7519 section 4.1.3)"""
    if "aud" not in payload:
        return True
    audience = payload["aud"]
    names = audience if isinstance(audience, list) else [audience]
    return all(isinstance(name, str) for name in names) and not us.isdisjoint(names)


def media_type(header: Mapping[str, Any]) -> str | None:
    """`typ` in lower case without `application/`; `""` where there is none, None where it is not a string.

    RFC 7515 section 4.1.9: media types are compared without regard to case, and the prefix may be left out.
    """
    typ = header.get("typ")
    if typ is None and "typ" not in header:
        return ""
    if not isinstance(typ, str) or not typ:
        return None
    return typ.lower().removeprefix("application/")


def scopes(payload: Mapping[str, Any]) -> AbstractSet[str] | None:
    """The items of `scope`; None where it is not a string."""
    scope = payload.get("scope", "")
    return frozenset(scope.split(" ")) if isinstance(scope, str) else None
