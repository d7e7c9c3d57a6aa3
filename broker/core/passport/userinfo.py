"""A trusted broker's access token as a way in: what does it claim, and what did UserInfo say of it?

(AAI OIDC Profile 1.2.1 "Conformance for Passport Clearinghouses" 2.1, "Passport-Scoped Access Token Format",
"Visas via UserInfo"; 1.0 "Clearinghouses" 2.1)

What fails here was sent to nobody. What UserInfo says counts only if it is about the very subject of the token;
each visa in it stands or falls by itself, as one from a Passport does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core import strict_json
from broker.core.outcome import Reason
from broker.core.passport import claims, compact, limits
from broker.core.passport.claims import When
from broker.core.passport.compact import Compact
from broker.core.passport.read import Need, need_of
from broker.core.passport.trust import Trust, TrustRow
from broker.core.time import Seconds

SCOPES = frozenset({"openid", "ga4gh_passport_v1"})
"""What makes an access token Passport-Scoped."""
_TYPES = frozenset({"jwt", "at+jwt"})
_ANSWER_TYPES = frozenset({"", "jwt", "userinfo+jwt"})
_SAFE_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")
"""RFC 6750 section 2.1: what a bearer token is made of; nothing else goes into a header of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a UserInfo endpoint sent. Hostile until read."""

    media: Literal["application/json", "application/jwt"]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """An access token that may be shown to `row`'s UserInfo. Nothing in it is verified.

    `sub`, `exp`: None for an opaque token. `signed`: what must be verified first, and with which key.
    """

    row: TrustRow
    sub: str | None = None
    exp: Seconds | None = None
    signed: "Signed | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A compact JWS, the algorithm that it names and the keys that decide."""

    need: Need
    algorithm: str
    token: Compact


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What UserInfo said. `signed`: to be verified before it counts, if it came as a JWT."""

    sub: str
    visas: tuple[str, ...]
    signed: Signed | None = None
    stated: bool = True
    """Did it speak of visas at all?"""


def issuer_of(token: str) -> str | None:
    """The `iss` that a JWT names; `""` for what is no JWT, None for a JWT that names none. Unverified."""
    parsed = compact.parse(token, limits.PASSPORT_BYTES, "PASSPORT")
    if isinstance(parsed, Reason):
        return ""
    return claims.text(parsed.payload.get("iss"))


def read_bearer(token: str, trust: Trust, *, at: Seconds, leeway: Seconds = limits.LEEWAY) -> Bearer | Reason:
    """Whose access token this claims to be, if it may be shown to that broker at all; otherwise `PASSPORT-*`.

    A JWT is read as far as it goes: issuer, typ, times, scope, and that it holds no GA4GH claim, or a visa would
    pass for it. What cannot be read goes to the one broker with opaque tokens, if there is exactly one.
    """
    if len(token) > limits.VISA_BYTES or not _SAFE_TOKEN.issuperset(token):
        return Reason(code="PASSPORT-MALFORMED")
    if token.count(".") != 2:  # noqa: PLR2004 (three parts make a JWS)
        row = trust.opaque()
        return Reason(code="PASSPORT-ISSUER-UNTRUSTED") if row is None else Bearer(row=row)
    parsed = compact.parse(token, limits.VISA_BYTES, "PASSPORT")
    if isinstance(parsed, Reason):
        return parsed
    row = trust.of(parsed.payload.get("iss"))
    if row is None or not (row.is_broker and row.userinfo):
        return Reason(code="PASSPORT-ISSUER-UNTRUSTED")
    if claims.media_type(parsed.header) not in _TYPES:
        return Reason(code="PASSPORT-TYP")
    return _jwt(parsed, row, at, leeway)


def _jwt(parsed: Compact, row: TrustRow, at: Seconds, leeway: Seconds) -> Bearer | Reason:
    when = When(at=at, leeway=leeway, longest=limits.PASSPORT_LIFETIME)
    signed = _signed(parsed, row, at)
    if isinstance(signed, Reason):
        return signed
    who = claims.registered(parsed.payload, when, "PASSPORT")
    if isinstance(who, Reason):
        return who
    if "ga4gh_passport_v1" in parsed.payload or "ga4gh_visa_v1" in parsed.payload:
        return claims.wrong("PASSPORT", "ga4gh_visa_v1")
    if "cnf" in parsed.payload:  # RFC 9449 section 7.2: bound to a key of its client, and so no bearer token
        return claims.wrong("PASSPORT", "cnf")
    scopes = claims.scopes(parsed.payload)
    if scopes is None or not scopes >= SCOPES:
        return Reason(code="AUTH-SCOPE", facts=(("scope", " ".join(sorted(SCOPES, reverse=True))),))
    if row.userinfo_audiences is not None and not (
        "aud" in parsed.payload and claims.is_for(parsed.payload, row.userinfo_audiences)
    ):
        return Reason(code="PASSPORT-AUDIENCE")
    return Bearer(row=row, sub=who.sub, exp=who.exp, signed=signed)


def _signed(parsed: Compact, row: TrustRow, at: Seconds) -> Signed | Reason:
    algorithm, kid = claims.text(parsed.header.get("alg")), claims.text(parsed.header.get("kid"))
    if algorithm is None or algorithm not in row.algorithms:
        return Reason(code="PASSPORT-ALGORITHM")
    if kid is None:
        return claims.wrong("PASSPORT", "kid")
    need = need_of(parsed.header, row, kid, "PASSPORT", at)
    return need if isinstance(need, Reason) else Signed(need=need, algorithm=algorithm, token=parsed)


def read_answer(answer: Answer, bearer: Bearer, *, at: Seconds, leeway: Seconds = limits.LEEWAY) -> Said | Reason:
    """What UserInfo said of the token's own subject; `PASSPORT-*` if it is not that, or not of that form.

    No `ga4gh_passport_v1` at all is read as no visas: it opens nothing.
    """
    if answer.media == "application/jwt":
        return _signed_answer(answer.body, bearer, at, leeway)
    try:
        members = strict_json.loads(answer.body, limits.PASSPORT_BYTES)
    except strict_json.StrictJsonError:
        return Reason(code="PASSPORT-MALFORMED")
    return _said(members, bearer) if isinstance(members, dict) else Reason(code="PASSPORT-MALFORMED")


def _signed_answer(body: bytes, bearer: Bearer, at: Seconds, leeway: Seconds) -> Said | Reason:
    """A signed answer names its issuer, and says so with the issuer's key (OpenID Connect Core 5.3.2)."""
    try:
        text = body.decode("ascii").strip()
    except UnicodeDecodeError:
        return Reason(code="PASSPORT-MALFORMED")
    parsed = compact.parse(text, limits.PASSPORT_BYTES, "PASSPORT")
    if isinstance(parsed, Reason):
        return parsed
    if claims.media_type(parsed.header) not in _ANSWER_TYPES:
        return Reason(code="PASSPORT-TYP")
    if parsed.payload.get("iss") != bearer.row.iss:
        return claims.wrong("PASSPORT", "iss")
    exp = claims.seconds(parsed.payload.get("exp"))
    if "exp" in parsed.payload and (exp is None or not at < exp + leeway):
        return Reason(code="PASSPORT-EXPIRED")
    signed = _signed(parsed, bearer.row, at)
    said = _said(parsed.payload, bearer)
    if isinstance(signed, Reason) or isinstance(said, Reason):
        return signed if isinstance(signed, Reason) else said
    return Said(sub=said.sub, visas=said.visas, signed=signed, stated=said.stated)


def _said(members: Mapping[str, Any], bearer: Bearer) -> Said | Reason:
    sub = claims.text(members.get("sub"))
    if sub is None or (bearer.sub is not None and sub != bearer.sub):
        return claims.wrong("PASSPORT", "sub")
    if members.get("iss", bearer.row.iss) != bearer.row.iss:
        return claims.wrong("PASSPORT", "iss")
    listed = members.get("ga4gh_passport_v1", [])
    if not isinstance(listed, list) or not all(isinstance(visa, str) for visa in listed):
        return claims.wrong("PASSPORT", "ga4gh_passport_v1")
    if len(listed) > limits.PASSPORT_VISAS:
        return Reason(code="PASSPORT-TOO-MANY-VISAS", facts=(("limit", str(limits.PASSPORT_VISAS)),))
    return Said(sub=sub, visas=tuple(dict.fromkeys(listed)), stated="ga4gh_passport_v1" in members)
