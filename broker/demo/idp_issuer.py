"""What does one issuer of the demo hold, and what does it hand out? (OpenID Connect Core 2, 3.1.3, 5.3; RFC 7636)

In memory, bounded, gone with the process: there are no sign-in sessions here, so there is no sign-out either.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from broker.core.time import Seconds
from broker.demo.idp_requests import Authorize, IdpClient, Redeem, Refused
from broker.demo.people import IssuerName, Persona
from broker.ports import Entropy

CODE_LIFE: Final = 60
TOKEN_LIFE: Final = 600
"""Seconds that a code may wait, and that an access token or id_token lives."""

MAX_HELD: Final = 1000
"""Codes, spent codes and access tokens are held up to this many each; the oldest goes first."""

SCOPES: Final[dict[IssuerName, tuple[str, ...]]] = {
    "home": ("openid", "profile", "eduperson_scoped_affiliation", "address"),
    "biobank": ("openid",),
    "college": ("openid", "profile", "eduperson_scoped_affiliation", "address"),
}
"""The biobank says nothing about a participant but `sub`, whatever is asked."""

V = TypeVar("V")


class Held(Generic[V]):
    """A bounded set of things that expire."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, tuple[Seconds, V]] = OrderedDict()

    def put(self, key: str, thing: V, expires: int) -> None:
        """Hold `thing` until `expires`, or until `MAX_HELD` younger ones came."""
        self._things[key] = (Seconds(expires), thing)
        while len(self._things) > MAX_HELD:
            self._things.popitem(last=False)

    def get(self, key: str, now: Seconds) -> V | None:
        """The thing, unless it is unknown or `now >= expires`."""
        expires, thing = self._things.get(key, (now, None))
        return thing if now < expires else None

    def take(self, key: str, now: Seconds) -> V | None:
        """Like `get`, and gone afterwards."""
        thing = self.get(key, now)
        self._things.pop(key, None)
        return thing


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person came back from the sign-in page: what a code or an access token stands for."""

    request: Authorize
    persona: Persona
    at: Seconds


class DemoIssuer:
    """One issuer: key, clients, codes and tokens. `url` is its `iss`."""

    def __init__(
        self,
        name: IssuerName,
        url: str,
        clients: tuple[IdpClient, ...],
        key: rsa.RSAPrivateKey,
        entropy: Entropy,
    ) -> None:
        self.name, self.url, self.clients = name, url, clients
        self._key, self._entropy = key, entropy
        self._codes, self._spent, self._tokens = Held[SignedIn](), Held[str](), Held[SignedIn]()
        public = {
            part: value
            for part, value in RSAAlgorithm.to_jwk(key.public_key(), as_dict=True).items()
            if part in ("e", "kty", "n")
        }
        thumbprint = hashlib.sha256(json.dumps(public, sort_keys=True, separators=(",", ":")).encode())
        self._kid = _base64url(thumbprint.digest())
        self.jwks = {"keys": [public | {"kid": self._kid, "use": "sig", "alg": "RS256"}]}

    def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0 section 3. Says "no" where the default would be "yes"."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks.json",
            "scopes_supported": list(SCOPES[self.name]),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }

    def code(self, request: Authorize, persona: Persona, now: Seconds) -> str:
        """A code for this person and this request: one use, `CODE_LIFE` seconds."""
        code = self._random()
        self._codes.put(code, SignedIn(request=request, persona=persona, at=now), now + CODE_LIFE)
        return code

    def redeem(self, asked: Redeem, client: IdpClient, now: Seconds) -> dict[str, Any] | Refused:
        """The token response. Any try spends the code; a second one also ends what the first was given."""
        signed_in = self._codes.take(asked.code, now)
        if signed_in is None:
            self._tokens.take(self._spent.take(asked.code, now) or "", now)
            return Refused(error="invalid_grant", why="The code is unknown, used or too old.")
        request = signed_in.request
        if request.client != client or request.redirect_uri != asked.redirect_uri:
            return Refused(error="invalid_grant", why="The code was given to another client or redirect URI.")
        if not hmac.compare_digest(s256(asked.verifier), request.challenge):
            return Refused(error="invalid_grant", why="The code_verifier is wrong.")
        access = self._random()
        self._tokens.put(access, signed_in, now + TOKEN_LIFE)
        self._spent.put(asked.code, access, now + TOKEN_LIFE)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFE,
            "scope": " ".join(scope for scope in SCOPES[self.name] if scope in request.scope),
            "id_token": self._id_token(signed_in, access, now),
        }

    def userinfo(self, access: str, now: Seconds) -> dict[str, Any] | None:
        """The claims that this access token opens, or None for a token that is not alive."""
        signed_in = self._tokens.get(access, now)
        if signed_in is None:
            return None
        return {"sub": signed_in.persona.sub} | self._released(signed_in)

    def _id_token(self, signed_in: SignedIn, access: str, now: Seconds) -> str:
        persona = signed_in.persona
        claims = self._released(signed_in) | {
            "iss": self.url,
            "sub": persona.sub,
            "aud": signed_in.request.client.id,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "auth_time": signed_in.at,
            "nonce": signed_in.request.nonce,
            "acr": persona.acr,
            "amr": list(persona.amr),
            "at_hash": _base64url(hashlib.sha256(access.encode()).digest()[:16]),
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid})

    def _released(self, signed_in: SignedIn) -> dict[str, Any]:
        """What the scopes asked for release. `profile` is all that the federation knows, country included."""
        persona, asked = signed_in.persona, signed_in.request.scope & set(SCOPES[self.name])
        claims: dict[str, Any] = {}
        if "profile" in asked:
            claims["name"] = persona.name
        if asked & {"profile", "eduperson_scoped_affiliation"}:
            claims["eduperson_scoped_affiliation"] = list(persona.affiliations)
        if asked & {"profile", "address"}:
            claims["address"] = {"country": persona.country}
        return claims

    def _random(self) -> str:
        return _base64url(self._entropy.random(32))


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
