"""Signing and reading tokens of our own, with the keys of adapters/keys.py."""

from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from broker.adapters import jose
from broker.adapters.keys import Key, KeyStore
from broker.adapters.keys import Use as KeyUse
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, ID_TOKEN_TYP, PASSPORT_TYP, PERMISSION_TYP, TASK_TYP
from broker.core.outcome import Reason
from broker.core.passport.compact import parse
from broker.core.passport.keys import thumbprint
from broker.core.passport.limits import PASSPORT_BYTES
from broker.core.passport.trust import TrustRow
from broker.core.strict_json import StrictJsonError
from broker.flows.use_data import TICKET_TYPE
from broker.flows.visas import VISA_TYPE
from broker.ports import Use

_ALGORITHM: Mapping[KeyUse, str] = {
    "oidc-rs256": "RS256",
    "oidc-es256": "ES256",
    "visa": "ES256",
    "ticket": "ES256",
}
_READ_WITH: Mapping[str, tuple[KeyUse, ...]] = {
    ACCESS_TOKEN_TYP: ("oidc-es256",),
    PASSPORT_TYP: ("oidc-es256",),
    TASK_TYP: ("oidc-es256",),
    PERMISSION_TYP: ("oidc-es256",),
    ID_TOKEN_TYP: ("oidc-rs256", "oidc-es256"),
    VISA_TYPE: ("visa",),
    TICKET_TYPE: ("ticket",),
}
"""Which keys may have signed which kind of token: no kind passes for another (design section 6)."""


class OwnTokens:
    """The `Signer` and `TokenReader` of this broker."""

    def __init__(self, keys: KeyStore, issuer: str) -> None:
        self._keys = keys
        self.withdrawn: Callable[[str], bool] = lambda _: False
        """Was the key with this thumbprint revoked? What it signed is nobody's any more, at every door."""
        self._jku = f"{issuer}/visas/jwks.json"
        self._public = {use: {key.kid: _jwk(key, _ALGORITHM[use]) for key in keys.published(use)} for use in _ALGORITHM}

    def sign(self, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
        """A compact JWS by the newest key of `use`; visas also say where their key is (`jku`)."""
        key, algorithm = self._keys.signing(use), _ALGORITHM[use]
        header = {"alg": algorithm, "typ": typ, "kid": key.kid}
        if use == "visa":
            header["jku"] = self._jku
        if isinstance(key.private, ed25519.Ed25519PrivateKey):
            raise TypeError("the log's key signs no tokens")
        return jose.sign(algorithm, key.private, header, claims)

    def read(self, token: str, typ: str) -> Mapping[str, Any] | None:
        """The claims, if one of the keys that may sign a `typ` signed exactly this."""
        try:
            parsed = parse(token, PASSPORT_BYTES, "PASSPORT")
        except (StrictJsonError, ValueError):
            return None
        if isinstance(parsed, Reason) or parsed.header.get("typ") != typ:
            return None
        for use in _READ_WITH.get(typ, ()):
            key = self._public[use].get(str(parsed.header.get("kid")))
            fits = key is not None and parsed.header.get("alg") == _ALGORITHM[use]
            if (
                fits
                and not self.withdrawn(thumbprint(key or {}))
                and jose.check_signature(_ALGORITHM[use], key or {}, parsed.signing_input, parsed.signature)
            ):
                return parsed.payload
        return None

    def jwks(self) -> dict[str, object]:
        """The published keys for tokens and Passports."""
        return {"keys": [*self._public["oidc-rs256"].values(), *self._public["oidc-es256"].values()]}

    def visa_jwks(self) -> dict[str, object]:
        """The published keys for visas: what their `jku` serves."""
        return {"keys": list(self._public["visa"].values())}


def own_trust(tokens: OwnTokens, issuer: str) -> TrustRow:
    """Ourselves as a trusted issuer: our keys pinned, so that nothing is ever fetched from ourselves."""
    keys = (*tokens.jwks()["keys"], *tokens.visa_jwks()["keys"])  # type: ignore[misc]
    return TrustRow(
        iss=issuer,
        jku=(f"{issuer}/visas/jwks.json",),
        keys=tuple(key for key in keys if key["alg"] == "ES256"),
        algorithms=frozenset({"ES256"}),
        is_us=True,
        is_broker=True,
        vouches=True,
    )


def _jwk(key: Key, algorithm: str) -> dict[str, str]:
    if not isinstance(key.private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("the log's key is published by the log")
    return jose.public_jwk(key.private, key.kid, algorithm)
