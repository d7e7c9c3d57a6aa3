"""Whom does a home identity provider vouch for? Its ID token and UserInfo (OpenID Connect Core 3.1.3.7, 5.3.2).

The signature was verified by whoever read the token; every other check is here. Other people's clocks get
`LEEWAY` (ruling 16).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from broker.core.oidc.limits import LEEWAY
from broker.core.oidc.opaque import base64url
from broker.core.oidc.relying_party import Pending, Provider, kind_of_sign_in
from broker.core.outcome import Reason
from broker.core.time import FOREVER, Seconds

_TYPES = frozenset({"jwt", "application/jwt"})
_MAX_SUB = 255
_MAX_NAME = 200
_MAX_AFFILIATIONS = 50
_MAX_AMR = 10
_WORD = re.compile(r"[!#-\[\]-~]{1,255}")
"""Printable ASCII without blank, quotation mark and backslash: what fits into a list of words, quoted or not."""
_MAX_TIME = 2**40
"""Seconds; a larger one is milliseconds, or mischief."""
AFFILIATION_CLAIMS = ("eduperson_scoped_affiliation", "voperson_external_affiliation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Who signed in, as the provider says and as far as we let it speak. (`iss`, `sub`) is the identity."""

    iss: str
    sub: str
    auth_time: Seconds
    acr: str | None = None
    amr: tuple[str, ...] = ()
    name: str = ""
    affiliations: tuple[str, ...] = ()
    sid: str | None = None
    """The provider's own name for this session, by which it may say later that it has ended."""


def check_id_token(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    provider: Provider,
    pending: Pending,
    access_token: str | None,
    now: Seconds,
) -> Vouched | Reason:
    """The person, or the first check that failed (numbers of section 3.1.3.7 at each)."""
    typ = header.get("typ")
    if not (typ is None or (isinstance(typ, str) and typ.lower() in _TYPES)) or "crit" in header:
        return Reason(code="AUTH-IDP-TOKEN-KIND")
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in provider.algorithms:  # 7, 8
        return Reason(code="AUTH-IDP-TOKEN-KIND")
    if claims.get("iss") != provider.issuer:  # 2
        return Reason(code="AUTH-IDP-TOKEN-ISSUER")
    if not _for_us(claims, provider.client_id):  # 3, 4, 5
        return Reason(code="AUTH-IDP-TOKEN-AUDIENCE")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(_bytes(nonce), _bytes(pending.nonce)):  # 11
        return Reason(code="AUTH-IDP-TOKEN-NONCE")
    if not _alive(claims, now):  # 9, 10
        return Reason(code="AUTH-IDP-TOKEN-TIME")
    if not _hash_fits(claims, alg, access_token):  # 3.1.3.8
        return Reason(code="AUTH-IDP-TOKEN-HASH")
    auth_time = _auth_time(claims, pending, now)  # 13
    if auth_time is None:
        return Reason(code="AUTH-IDP-TOKEN-AGE")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= _MAX_SUB or not sub.isprintable():
        return Reason(code="AUTH-IDP-TOKEN-SUBJECT")
    return _vouched(claims, provider, sub, auth_time)


def with_userinfo(
    vouched: Vouched,
    claims: Mapping[str, Any],
    provider: Provider,
    *,
    header: Mapping[str, Any] | None = None,
    now: Seconds = FOREVER,
) -> Vouched | Reason:
    """`vouched` with what UserInfo adds; refused if it speaks of somebody else (5.3.2, T047).

    `header`: that of a signed answer, whose signature was verified; None: it was plain JSON.
    """
    if header is not None and not _signed_for_us(header, claims, provider, now):
        return Reason(code="AUTH-IDP-USERINFO-TOKEN")
    if claims.get("sub") != vouched.sub or claims.get("iss", provider.issuer) != provider.issuer:
        return Reason(code="AUTH-IDP-USERINFO")
    more = _vouched({**claims, "acr": None, "amr": None}, provider, vouched.sub, vouched.auth_time)
    return Vouched(
        iss=vouched.iss,
        sub=vouched.sub,
        auth_time=vouched.auth_time,
        acr=vouched.acr,
        amr=vouched.amr,
        name=more.name or vouched.name,
        affiliations=tuple(dict.fromkeys((*vouched.affiliations, *more.affiliations)))[:_MAX_AFFILIATIONS],
        sid=vouched.sid,
    )


def _signed_for_us(header: Mapping[str, Any], claims: Mapping[str, Any], provider: Provider, now: Seconds) -> bool:
    """Section 5.3.2: a signed answer says who made it and for whom; times are asked where it has any."""
    typ, alg = header.get("typ"), header.get("alg")
    if not (typ is None or (isinstance(typ, str) and typ.lower() in _TYPES)) or alg not in provider.algorithms:
        return False
    if claims.get("iss") != provider.issuer or not _for_us(claims, provider.client_id):
        return False
    exp, iat, nbf = claims.get("exp", _MAX_TIME), claims.get("iat", 0), claims.get("nbf", 0)
    if not (_is_time(exp) and _is_time(iat) and _is_time(nbf)):
        return False
    return now < exp + LEEWAY and max(iat, nbf) <= now + LEEWAY


def _for_us(claims: Mapping[str, Any], client_id: str) -> bool:
    """We are an audience, and if there are several, or an `azp`, then the token was made for us."""
    aud, azp = claims.get("aud"), claims.get("azp")
    audiences = [aud] if isinstance(aud, str) else aud
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        return False
    if client_id not in audiences or (azp is not None and azp != client_id):
        return False
    return len(audiences) == 1 or azp == client_id


def _is_time(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _MAX_TIME


def _alive(claims: Mapping[str, Any], now: Seconds) -> bool:
    """`now < exp + leeway`, and neither `iat` nor `nbf` further ahead than the leeway. Whole seconds only."""
    exp, iat, nbf = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not (_is_time(exp) and _is_time(iat) and _is_time(nbf)):
        return False
    return now < exp + LEEWAY and max(iat, nbf) <= now + LEEWAY


def _hash_fits(claims: Mapping[str, Any], alg: str, access_token: str | None) -> bool:
    """`at_hash`, which a provider may leave out in the code flow, is that of the access token that came along."""
    given = claims.get("at_hash")
    if given is None:
        return True
    if not isinstance(given, str) or access_token is None or not alg.endswith("256"):
        return False
    expected = base64url(hashlib.sha256(_bytes(access_token)).digest()[:16])
    return hmac.compare_digest(_bytes(given), _bytes(expected))


def _auth_time(claims: Mapping[str, Any], pending: Pending, now: Seconds) -> Seconds | None:
    """When the person really signed in; None if that is unknown or too long ago although we asked (`max_age`).

    A provider that was not asked and does not say vouches for `iat`. A fresh sign-in (`max_age` 0) happened
    after we asked for it, whatever a clock that is a little slow says.
    """
    said = claims.get("auth_time")
    if said is None:
        return Seconds(min(claims["iat"], now)) if pending.max_age is None else None
    if not _is_time(said) or said > now + LEEWAY:
        return None
    if pending.max_age is not None and said + pending.max_age + LEEWAY < pending.started:
        return None
    return Seconds(min(max(said, pending.started) if pending.max_age == 0 else said, now))


def _vouched(claims: Mapping[str, Any], provider: Provider, sub: str, auth_time: Seconds) -> Vouched:
    """What we keep: nothing but the pseudonym for participants."""
    if provider.participants:
        return Vouched(iss=provider.issuer, sub=sub, auth_time=auth_time, sid=_sid(claims))
    name = claims.get("name")
    acr, amr = _how(claims)
    return Vouched(
        iss=provider.issuer,
        sub=sub,
        auth_time=auth_time,
        acr=kind_of_sign_in(provider, acr, amr),
        amr=amr,
        name=name if isinstance(name, str) and len(name) <= _MAX_NAME and name.isprintable() else "",
        affiliations=_affiliations(claims, provider.affiliation_scopes),
        sid=_sid(claims),
    )


def _sid(claims: Mapping[str, Any]) -> str | None:
    sid = claims.get("sid")
    return sid if isinstance(sid, str) and 0 < len(sid) <= _MAX_SUB else None


def _how(claims: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """`acr` and `amr`, as far as they are words: both go into challenges, tokens and comparisons."""
    acr, amr = claims.get("acr"), claims.get("amr")
    words = (one for one in amr if isinstance(one, str) and _WORD.fullmatch(one)) if isinstance(amr, list) else ()
    return acr if isinstance(acr, str) and _WORD.fullmatch(acr) else None, tuple(dict.fromkeys(words))[:_MAX_AMR]


def _affiliations(claims: Mapping[str, Any], scopes: frozenset[str]) -> tuple[str, ...]:
    """The `role@scope` values whose scope this provider may speak for; everything else is dropped."""
    said: list[str] = []
    for claim in AFFILIATION_CLAIMS:
        value = claims.get(claim)
        listed = [value] if isinstance(value, str) else value
        said += [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    fine = (one for one in said if len(one) <= _MAX_SUB and one.isprintable() and one.partition("@")[2] in scopes)
    return tuple(dict.fromkeys(fine))[:_MAX_AFFILIATIONS]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
