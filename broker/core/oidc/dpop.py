"""Does this request prove that its sender holds a key? (RFC 9449 sections 4.2, 4.3 and 7)

The sender signs a small statement about this very request: method, address, time, a number used once, and at a
resource the access token. What does the request say (`Sent`), is the statement well-formed and about this
request (`read_proof`), and did the key's owner sign it (`seal`)? Only `seal` makes a `Proof`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.core import jws
from broker.core.jws import CheckSignature, Jwk, Jws
from broker.core.oidc.challenge import PROOF_ALGORITHMS
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import LEEWAY, MAX_JTI, MAX_PROOF
from broker.core.oidc.opaque import base64url, stored_id
from broker.core.time import Seconds

PROOF_TYP = "dpop+jwt"
_KEY_KIND: Mapping[str, str] = {"ES256": "EC", "RS256": "RSA"}
_NEVER = frozenset({"crit", "b64", "zip", "cty", "jku", "x5c", "x5u", "enc", "epk", "p2s", "p2c"})
"""Header members that would change how the proof is read, or name a second key."""
_HTU = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]*))?(/[^?#\s]*)?(?:[?#].*)?", re.IGNORECASE | re.ASCII
)
_DEFAULT_PORT: Mapping[str, str] = {"http": "80", "https": "443"}
_JKT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a request says about itself: every `DPoP` header, its method, and its address as we publish it."""

    proofs: tuple[str, ...] = ()
    method: str = "POST"
    url: str = ""


NOTHING = Sent()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A proof that is about this request. Nobody has looked at its signature yet."""

    token: Jws
    jwk: Jwk
    algorithm: str
    jti: str
    iat: Seconds
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The sender of this request holds the key that is called `jkt` (RFC 7638, base64url).

    `once`: by which it is known when it comes again; `ends`: when it is too old to come again.
    """

    jkt: str
    once: str = field(repr=False)
    ends: Seconds
    nonce: str | None = field(repr=False)


def read_proof(sent: Sent, now: Seconds, access_token: str | None = None) -> Claimed | OAuthError:
    """The one proof of this request, if it is about it. `access_token`: that which came with it (`ath`).

    The checks have the order of section 4.3; whatever is wrong is DPOP_PROOF, and says no more.
    """
    if len(sent.proofs) != 1 or len(sent.proofs[0]) > MAX_PROOF:
        return OAuthError.DPOP_PROOF
    token = jws.read(sent.proofs[0])
    jwk = _key(token.header) if token is not None else None
    if token is None or jwk is None:
        return OAuthError.DPOP_PROOF
    said = token.payload
    jti, iat, nonce = said.get("jti"), said.get("iat"), said.get("nonce")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI or type(iat) is not int:
        return OAuthError.DPOP_PROOF
    if not (nonce is None or isinstance(nonce, str)):
        return OAuthError.DPOP_PROOF
    if said.get("htm") != sent.method or not same_address(said.get("htu"), sent.url):
        return OAuthError.DPOP_PROOF
    if not iat - LEEWAY <= now < iat + LEEWAY:
        return OAuthError.DPOP_PROOF
    if access_token is not None and not _is_about(said.get("ath"), access_token):
        return OAuthError.DPOP_PROOF
    return Claimed(token, jwk, str(token.header["alg"]), jti, Seconds(iat), nonce)


def seal(claimed: Claimed, check: CheckSignature) -> Proof | OAuthError:
    """The proof, if its own key signed it."""
    token = claimed.token
    if not check(claimed.algorithm, claimed.jwk, token.signing_input, token.signature):
        return OAuthError.DPOP_PROOF
    jkt = base64url(jws.thumbprint(claimed.jwk))
    return Proof(jkt, stored_id(f"{jkt} {claimed.jti}"), Seconds(claimed.iat + LEEWAY), claimed.nonce)


def same_address(htu: object, url: str) -> bool:
    """Does `htu` name `url`? Case of scheme and host, a default port, an empty path, query and fragment aside.

    RFC 9449 section 4.3, step 9. Nothing else is made equal: what another server would take for another
    address, is another.
    """
    named = _address(htu) if isinstance(htu, str) else None
    return named is not None and named == _address(url)


def is_jkt(text: str) -> bool:
    """Can `text` be a thumbprint: SHA-256 in canonical base64url?"""
    return _JKT.fullmatch(text) is not None


def ath(access_token: str) -> str:
    """The hash of an access token that a proof has to name (section 4.2)."""
    return base64url(hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest())


def _is_about(said: object, access_token: str) -> bool:
    if not isinstance(said, str):
        return False
    return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), ath(access_token).encode())


def _key(header: Mapping[str, Any]) -> Jwk | None:
    """The public key that the header brings, if it is one for the algorithm that the header names."""
    jwk, algorithm = header.get("jwk"), header.get("alg")
    if header.get("typ") != PROOF_TYP or not _NEVER.isdisjoint(header):
        return None
    if algorithm not in PROOF_ALGORITHMS or not isinstance(jwk, dict) or not jws.PRIVATE.isdisjoint(jwk):
        return None
    if jwk.get("kty") != _KEY_KIND[algorithm]:
        return None
    return jwk if all(isinstance(jwk.get(member), str) for member in jws.MEMBERS[jwk["kty"]]) else None


def _address(url: str) -> tuple[str, str, str, str] | None:
    found = _HTU.fullmatch(url)
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    scheme = scheme.lower()
    return scheme, host.lower(), port or _DEFAULT_PORT[scheme], path or "/"
