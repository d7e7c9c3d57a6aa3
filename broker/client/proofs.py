"""How does this computer prove that a request is its own? With a key that never leaves it (RFC 7523, RFC 9449)."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from broker.adapters import jose
from broker.core.oidc.dpop import PROOF_TYP
from broker.core.oidc.opaque import base64url
from broker.ports import Clock, Entropy

_ASSERTED_FOR = 60
"""Seconds for which an assertion is good: it is sent at once."""
_PUBLIC = ("kty", "crv", "x", "y")


@dataclass(frozen=True, slots=True)
class ComputerKey:
    """An ES256 key of this computer, and what is signed with it."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    clock: Clock
    entropy: Entropy

    @classmethod
    def made(cls, clock: Clock, entropy: Entropy) -> Self:
        """A new one."""
        return cls(ec.generate_private_key(ec.SECP256R1()), clock, entropy)

    @classmethod
    def of(cls, pem: str, clock: Clock, entropy: Entropy) -> Self:
        """The one that was written by `pem`. ValueError for anything else."""
        key = load_pem_private_key(pem.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key of this computer is of another kind")  # noqa: TRY004 (of what was read)
        return cls(key, clock, entropy)

    def pem(self) -> str:
        """The private key, to be kept (PKCS 8, not encrypted)."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def public(self) -> dict[str, str]:
        """The public half as a JWK."""
        known = jose.public_jwk(self.private, "", "ES256")
        return {name: known[name] for name in _PUBLIC}

    def assertion(self, client_id: str, issuer: str) -> str:
        """Who this client is, for one request to the broker's token endpoint."""
        now = self.clock.now()
        claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": self._once()}
        return jose.sign("ES256", self.private, {}, {**claims, "iat": now, "exp": now + _ASSERTED_FOR})

    def proof(self, method: str, url: str, *, token: str | None = None, nonce: str | None = None) -> str:
        """A DPoP proof for one request. `token`: what is shown beside it; `nonce`: what the server asked for."""
        claims: dict[str, object] = {"jti": self._once(), "htm": method, "iat": self.clock.now()}
        claims["htu"] = url.partition("#")[0].partition("?")[0]
        if token is not None:
            claims["ath"] = base64url(sha256(token.encode()).digest())
        if nonce is not None:
            claims["nonce"] = nonce
        return jose.sign("ES256", self.private, {"typ": PROOF_TYP, "jwk": self.public()}, claims)

    def _once(self) -> str:
        return self.entropy.random(16).hex()
