"""What does this token claim to be, and which keys would have to say so? Everything but the signature.

(AAI OIDC Profile 1.2.1 "Conformance for Passport Clearinghouses" 2.2 and 5, Passport 1.2.1 "Visa Format")

In the order in which it costs us: size, form, header, issuer, `jku`, claims, times, audience. Nothing is fetched
for a token that fails here, and never from an address that is not registered for that very issuer.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from broker.core.outcome import Reason
from broker.core.passport import claims, compact, limits
from broker.core.passport.claims import Registered, When, wrong
from broker.core.passport.compact import Compact, Kind
from broker.core.passport.trust import Jwk, Trust, TrustRow
from broker.core.passport.visa import VisaObject, read_object
from broker.core.time import Seconds

Pair = tuple[str, str]
"""(`iss`, `jku`): the address under which this issuer, and no other, was registered with its keys."""

DISCOVERED = "discovery:"
"""In place of a `jku`: the keys are where the issuer's discovery document says."""

PASSPORT_TYP = "vnd.ga4gh.passport+jwt"
_DOCUMENT_TYPES = frozenset({"", "jwt", "vnd.ga4gh.visa+jwt"})
_ACCESS_TOKEN_TYPES = frozenset({"", "jwt", "at+jwt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Which keys decide. `pair` is a registered one; None: the keys are pinned, and nothing is fetched."""

    iss: str
    kid: str
    pair: Pair | None
    pinned: tuple[Jwk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A well-formed token that nobody has verified: good for learning which keys it needs, for nothing else."""

    kind: Kind
    need: Need
    algorithm: str
    token: Compact
    who: Registered
    said: VisaObject | tuple[str, ...]
    """The visa object, or the Passport's visas."""


def read_visa(
    token: str, trust: Trust, *, at: Seconds, us: AbstractSet[str], leeway: Seconds = limits.LEEWAY
) -> Claimed | Reason:
    """The visa that `token` claims to be, or why it is none (`VISA-*`). `us`: names that `aud` may say."""
    parsed = compact.parse(token, limits.VISA_BYTES, "VISA")
    if isinstance(parsed, Reason):
        return parsed
    row = trust.of(parsed.payload.get("iss"))
    if row is None:
        return Reason(code="VISA-ISSUER-UNTRUSTED")
    style = _style(parsed, row)
    if style is not None:
        return style
    longest = limits.VISA_LIFETIME if row.max_lifetime is None else row.max_lifetime
    rest = _read(parsed, row, When(at=at, leeway=leeway, longest=longest), us, "VISA")
    if isinstance(rest, Reason):
        return rest
    if "ga4gh_passport_v1" in parsed.payload:
        return wrong("VISA", "ga4gh_passport_v1")
    said = read_object(parsed.payload.get("ga4gh_visa_v1"), row.aliases)
    if isinstance(said, Reason):
        return said
    need, who = rest
    if said.asserted > who.iat + leeway:
        return wrong("VISA", "asserted")
    if "jku" not in parsed.header and not row.polled:  # of those that are polled, the decision knows until when
        who = replace(who, exp=Seconds(min(who.exp, who.iat + limits.VISA_ACCESS_TOKEN_AGE)))
        if not at < who.exp + leeway:
            return Reason(code="VISA-EXPIRED")
    return Claimed(kind="VISA", need=need, algorithm=parsed.header["alg"], token=parsed, who=who, said=said)


def read_passport(
    token: str, trust: Trust, *, at: Seconds, us: AbstractSet[str], leeway: Seconds = limits.LEEWAY
) -> Claimed | Reason:
    """The Passport that `token` claims to be, or why it is none (`PASSPORT-*`).

    `PASSPORT-ISSUER-UNTRUSTED` means: leave it out. Every other reason rejects the whole request (Passport
    "General Requirements" 8.1 and 8.3).
    """
    parsed = compact.parse(token, limits.PASSPORT_BYTES, "PASSPORT")
    if isinstance(parsed, Reason):
        return parsed
    row = trust.of(parsed.payload.get("iss"))
    if row is None or not row.is_broker:
        return Reason(code="PASSPORT-ISSUER-UNTRUSTED")
    if claims.media_type(parsed.header) != PASSPORT_TYP:
        return Reason(code="PASSPORT-TYP")
    rest = _read(parsed, row, When(at=at, leeway=leeway, longest=limits.PASSPORT_LIFETIME), us, "PASSPORT")
    if isinstance(rest, Reason):
        return rest
    visas = _visas(parsed.payload)
    if isinstance(visas, Reason):
        return visas
    need, who = rest
    return Claimed(kind="PASSPORT", need=need, algorithm=parsed.header["alg"], token=parsed, who=who, said=visas)


def _read(
    parsed: Compact, row: TrustRow, when: When, us: AbstractSet[str], kind: Kind
) -> tuple[Need, Registered] | Reason:
    """What visas and Passports have in common, in the order in which it costs us."""
    if claims.text(parsed.header.get("alg")) not in row.algorithms:
        return Reason(code=f"{kind}-ALGORITHM")
    kid = claims.text(parsed.header.get("kid"))
    if kid is None:
        return wrong(kind, "kid")
    need = need_of(parsed.header, row, kid, kind, when.at)
    if isinstance(need, Reason):
        return need
    who = claims.registered(parsed.payload, when, kind)
    if isinstance(who, Reason):
        return who
    if not claims.is_for(parsed.payload, us):
        return Reason(code=f"{kind}-AUDIENCE")
    return need, who


def need_of(header: Mapping[str, Any], row: TrustRow, kid: str, kind: Kind, at: Seconds) -> Need | Reason:
    """The registered keys that `header` points to; a `jku` that is not registered points nowhere (AAI C8, C9)."""
    otherwise = DISCOVERED if row.discovery else None
    jku = header.get("jku", row.jku[0] if row.jku else otherwise)
    listed = row.jku or not row.keys
    if ("jku" in header and listed and jku not in row.jku) or (jku is None and not row.keys):
        return Reason(code=f"{kind}-JKU-UNTRUSTED")
    if row.keys_until is not None and at >= row.keys_until:
        return Reason(code=f"{kind}-KEYS-UNAVAILABLE")
    return Need(iss=row.iss, kid=kid, pair=None if row.keys else (row.iss, jku), pinned=row.keys)


def _style(parsed: Compact, row: TrustRow) -> Reason | None:
    """Document Token or Access Token: exactly one of `jku` and `scope` with `openid` (Passport "Visa Format")."""
    scopes, typ = claims.scopes(parsed.payload), claims.media_type(parsed.header)
    if scopes is None:
        return wrong("VISA", "scope")
    document, access_token = "jku" in parsed.header, "openid" in scopes
    if document == access_token or (access_token and not row.access_tokens):
        return Reason(code="VISA-STYLE")
    if document and not isinstance(parsed.header["jku"], str):
        return Reason(code="VISA-JKU-UNTRUSTED")
    if access_token and "aud" in parsed.payload:
        return Reason(code="VISA-AUDIENCE")
    return None if typ in (_DOCUMENT_TYPES if document else _ACCESS_TOKEN_TYPES) else Reason(code="VISA-TYP")


def _visas(payload: Mapping[str, Any]) -> tuple[str, ...] | Reason:
    listed = payload.get("ga4gh_passport_v1")
    if not isinstance(listed, list) or not all(isinstance(visa, str) for visa in listed):
        return wrong("PASSPORT", "ga4gh_passport_v1")
    if "ga4gh_visa_v1" in payload:
        return wrong("PASSPORT", "ga4gh_visa_v1")
    if len(listed) > limits.PASSPORT_VISAS:
        return Reason(code="PASSPORT-TOO-MANY-VISAS", facts=(("limit", str(limits.PASSPORT_VISAS)),))
    if any(len(visa) > limits.VISA_BYTES for visa in listed):
        return Reason(code="VISA-TOO-LARGE", facts=(("limit", str(limits.VISA_BYTES)),))
    return tuple(dict.fromkeys(listed))


def too_much(passports: Sequence[str]) -> Reason | None:
    """Do these Passports of one request pass a limit? Asked before any of them is read."""
    if len(passports) > limits.REQUEST_PASSPORTS:
        return Reason(code="PASSPORT-TOO-MANY", facts=(("limit", str(limits.REQUEST_PASSPORTS)),))
    if any(len(passport) > limits.PASSPORT_BYTES for passport in passports):
        return Reason(code="PASSPORT-TOO-LARGE", facts=(("limit", str(limits.PASSPORT_BYTES)),))
    if sum(len(passport) for passport in passports) > limits.REQUEST_BYTES:
        return Reason(code="PASSPORT-TOO-LARGE", facts=(("limit", str(limits.REQUEST_BYTES)),))
    return None
