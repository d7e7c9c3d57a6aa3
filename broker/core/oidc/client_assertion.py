"""Does this assertion say what a client must say to prove who it is? (RFC 7523, rfc7523bis, OpenID Connect Core 9)

Everything but the signature, and but whether it was used before: `flows/oauth/client.py` asks for both. Other
people's clocks get `LEEWAY` (ruling 16).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from broker.core.oidc.limits import ASSERTION_LIFE, LEEWAY, MAX_JTI
from broker.core.time import Seconds

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "RS256")
_TYPES = frozenset({"jwt", "client-authentication+jwt"})
_NEVER = frozenset({"crit", "b64", "zip", "cty", "enc", "jwk", "jku", "x5c", "x5u"})
"""Header members that would change how the assertion is read, or bring a key along."""
_KINDS: Mapping[str, str] = {"ES256": "EC", "RS256": "RSA"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a well-formed assertion claims. `once`: under which name it is remembered until `ends`."""

    algorithm: str
    kid: str | None
    once: str
    ends: Seconds


def claimed_by(claims: Mapping[str, Any]) -> str | None:
    """Whom the assertion is about, before anything of it is believed: which client's keys to look at."""
    sub = claims.get("sub")
    return sub if isinstance(sub, str) and claims.get("iss") == sub else None


def audiences(issuer: str, *, legacy: bool) -> frozenset[str]:
    """For whom an assertion may be: our issuer alone. `legacy`: also the endpoints that RFC 9126 section 2 names.

    An endpoint's URL is what a malicious server can make an old client sign; an issuer is not.
    """
    base = issuer.rstrip("/")
    return frozenset({issuer, f"{base}/oauth2/token", f"{base}/oauth2/par"} if legacy else {issuer})


def read(
    header: Mapping[str, Any], claims: Mapping[str, Any], client_id: str, ours: Collection[str], now: Seconds
) -> Assertion | None:
    """The assertion by which `client_id` claims to speak to one of `ours`; None, whatever is wrong with it."""
    typ, algorithm, kid = header.get("typ", "JWT"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES or algorithm not in ALGORITHMS:
        return None
    if not (kid is None or isinstance(kid, str)) or not _NEVER.isdisjoint(header):
        return None
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return None
    jti, exp = claims.get("jti"), claims.get("exp")
    if not _for_us(claims.get("aud"), ours) or not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        return None
    if not _is_time(exp) or not _timely(claims, exp, now):
        return None
    return Assertion(algorithm=algorithm, kid=kid, once=_once(client_id, jti), ends=Seconds(exp + LEEWAY))


def signing_key(assertion: Assertion, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one key of the client's that must have signed: by its name; without a name, the only one that could.

    Keys are never tried in turn (RFC 8725 section 3): which key counts is known before a signature is looked at.
    """
    if assertion.kid is not None:
        found = [key for key in keys if key.get("kid") == assertion.kid]
    else:
        found = [key for key in keys if key.get("kty") == _KINDS[assertion.algorithm]]
    return found[0] if len(found) == 1 else None


def _for_us(aud: Any, ours: Collection[str]) -> bool:
    """The sole audience, as a string; a list is taken from a legacy client, if it names nobody but us."""
    if isinstance(aud, str):
        return aud in ours
    listed = aud if isinstance(aud, list) and len(ours) > 1 else []
    return bool(listed) and all(isinstance(one, str) and one in ours for one in listed)


def _timely(claims: Mapping[str, Any], exp: int, now: Seconds) -> bool:
    """Alive, begun, and of a life so short that remembering every one of them costs little."""
    iat, nbf = claims.get("iat"), claims.get("nbf", now)
    if not (iat is None or _is_time(iat)) or not _is_time(nbf) or max(iat or now, nbf) > now + LEEWAY:
        return False
    if not now < exp + LEEWAY or exp > now + ASSERTION_LIFE + LEEWAY:
        return False
    return iat is None or exp - iat <= ASSERTION_LIFE  # both by one clock, its own


def _is_time(value: Any) -> TypeGuard[int]:
    return type(value) is int


def _once(client_id: str, jti: str) -> str:
    """One client's `jti` says nothing about another's; nobody's is stored as it came."""
    return hashlib.sha256(f"{len(client_id)}:{client_id}{jti}".encode("utf-8", "surrogatepass")).hexdigest()
