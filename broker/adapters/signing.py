"""Signing and reading tokens of our own, with the keys of adapters/keys.py."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from broker.adapters import jose
from broker.adapters.key_services.files import FILES, FileKeys
from broker.adapters.keys import Elsewhere, Key, KeyStore, KeyStoreError
from broker.adapters.keys import Use as KeyUse
from broker.core.oidc.key_life import LIVES, State
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, ID_TOKEN_TYP, PASSPORT_TYP, PERMISSION_TYP, TASK_TYP
from broker.core.outcome import Reason
from broker.core.passport.compact import parse
from broker.core.passport.keys import thumbprint
from broker.core.passport.limits import PASSPORT_BYTES
from broker.core.passport.trust import TrustRow
from broker.core.strict_json import StrictJsonError
from broker.core.time import Seconds
from broker.flows.use_data import TICKET_SECONDS, TICKET_TYPE
from broker.flows.visas import VISA_ACCESS, VISA_ACCESS_SECONDS, VISA_ACCESS_TYPE, VISA_SECONDS, VISA_TYPE
from broker.ports import Use
from broker.ports.keys import Algorithm, KeyService, KeyServiceDownError

ALGORITHM: Mapping[KeyUse, Algorithm] = {
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
    VISA_ACCESS: ("visa",),
    TICKET_TYPE: ("ticket",),
}
"""Which keys may have signed which kind of token: no kind passes for another (design section 6)."""
_LIVES: Mapping[str, int] = {
    **LIVES,
    VISA_TYPE: VISA_SECONDS,
    VISA_ACCESS: VISA_ACCESS_SECONDS,
    TICKET_TYPE: TICKET_SECONDS,
}


def life_of(use: KeyUse) -> int:
    """Seconds for which the longest-lived thing that a key of `use` signs can count."""
    return max((_LIVES[typ] for typ, uses in _READ_WITH.items() if use in uses), default=0)


_SAYS: Mapping[str, str] = {VISA_ACCESS: VISA_ACCESS_TYPE}
"""What the header says of a kind of token that has no `typ` of its own: another key keeps it apart from ID tokens."""
MEMORY_CHARACTERS = 16 * 1024 * 1024
"""Of tokens that were verified; the one that was not shown for longest goes first."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was checked, and by which key. Nothing else about it is remembered."""

    claims: Mapping[str, Any]
    typ: str
    use: KeyUse
    key: Mapping[str, str]
    thumbprint: str


class OwnTokens:
    """The `Signer` and `TokenReader` of this broker."""

    def __init__(
        self,
        keys: KeyStore,
        issuer: str,
        now: Callable[[], Seconds],
        services: Mapping[str, KeyService] = MappingProxyType({}),
    ) -> None:
        """`now`: keys begin, retire and are gone by the clock. `services`: who signs with keys that are elsewhere."""
        self._now, self._elsewhere = now, services
        self.withdrawn: Callable[[str], bool] = lambda _: False
        """Was the key with this thumbprint revoked? What it signed is nobody's any more, at every door."""
        self._jku = f"{issuer}/visas/jwks.json"
        self._verified: OrderedDict[str, _Verified] = OrderedDict()
        self._room = MEMORY_CHARACTERS
        self.adopt(keys)

    def adopt(self, keys: KeyStore) -> None:
        """Sign and verify with these from now on."""
        self._public = {
            use: {key.kid: (_jwk(key, ALGORITHM[use]), term) for key, term in keys.terms(use)} for use in ALGORITHM
        }
        self._keys = keys
        self._services: Mapping[str, KeyService] = {**self._elsewhere, FILES: FileKeys(keys.keys)}

    async def sign(self, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
        """A compact JWS by the key of `use` that signs now; visas also say where their key is (`jku`)."""
        key, algorithm = self._keys.signing(_key_of(use), self._now()), ALGORITHM[_key_of(use)]
        header = {"alg": algorithm, "typ": typ, "kid": key.kid}
        if use == "visa":
            header["jku"] = self._jku
        asked = jose.signing_input(algorithm, header, claims)
        return jose.compact(asked, await _signature(self._services, key, asked))

    async def prove(self, keys: KeyStore) -> None:
        """KeyStoreError, in words, if a key that is kept elsewhere and signs now or will, cannot sign."""
        now = self._now()
        for use in ALGORITHM:
            for key, term in keys.terms(use):
                if isinstance(key.private, Elsewhere) and term.state(now, 0) in (State.PUBLISHED, State.SIGNING):
                    try:
                        await _signature(self._elsewhere, key, _PROBE)
                    except KeyServiceDownError as wrong:
                        raise KeyStoreError(f"{use} {key.kid}: {wrong}") from None

    def read(self, token: str, typ: str) -> Mapping[str, Any] | None:
        """The claims, if one of the keys that may sign a `typ` signed exactly this.

        A retired key is believed for as long as a token of this kind can live, and no longer. Which key signed a
        text is remembered, under the whole of it; whether that key counts is asked each time.
        """
        known = self._verified.get(token)
        if known is not None and known.typ == typ:
            if self._is_believed(known):
                self._verified.move_to_end(token)
                return known.claims
            self._forget(token)
        found = self._read(token, typ)
        if found is None:
            return None
        self._remember(token, found)
        return found.claims

    def _is_believed(self, known: _Verified) -> bool:
        """Does the very key that signed it still count, and is the token not over by what it says itself?"""
        key, ends = self._believed(known.use, known.key["kid"], _LIVES[known.typ]), known.claims.get("exp")
        over = type(ends) is int and self._now() >= ends
        return not over and key is known.key and not self.withdrawn(known.thumbprint)

    def _remember(self, token: str, found: _Verified) -> None:
        if token in self._verified:  # as of another kind
            self._forget(token)
        self._verified[token] = found
        self._room -= len(token)
        while self._room < 0:
            self._forget(next(iter(self._verified)))

    def _forget(self, token: str) -> None:
        del self._verified[token]
        self._room += len(token)

    def _read(self, token: str, typ: str) -> _Verified | None:
        try:
            parsed = parse(token, PASSPORT_BYTES, "PASSPORT")
        except (StrictJsonError, ValueError):
            return None
        if isinstance(parsed, Reason) or parsed.header.get("typ") != _SAYS.get(typ, typ):
            return None
        for use in _READ_WITH.get(typ, ()):
            key = self._believed(use, str(parsed.header.get("kid")), _LIVES[typ])
            if (
                key is not None
                and parsed.header.get("alg") == ALGORITHM[use]
                and not self.withdrawn(name := thumbprint(key))
                and jose.check_signature(ALGORITHM[use], key, parsed.signing_input, parsed.signature)
            ):
                return _Verified(MappingProxyType(parsed.payload), typ, use, key, name)
        return None

    def _believed(self, use: KeyUse, kid: str, life: int) -> dict[str, str] | None:
        jwk, term = self._public[use].get(kid, (None, None))
        return None if term is None or term.state(self._now(), life) is State.GONE else jwk

    def keys_for(self, typ: str) -> tuple[dict[str, str], ...]:
        """The keys whose tokens of this `typ` can count now."""
        found = (self._believed(use, kid, _LIVES[typ]) for use in _READ_WITH[typ] for kid in self._public[use])
        return tuple(key for key in found if key is not None)

    def _published(self, *uses: KeyUse) -> dict[str, object]:
        found = (self._believed(use, kid, life_of(use)) for use in uses for kid in self._public[use])
        return {"keys": [key for key in found if key is not None]}

    def jwks(self) -> dict[str, object]:
        """The published keys for tokens and Passports; those of visas too, for Visa Access Tokens name no address.

        No kind of token passes for another by this: none of ours has a visa's key and another kind's claims.
        """
        return self._published("oidc-rs256", "oidc-es256", "visa")

    def visa_jwks(self) -> dict[str, object]:
        """The published keys for visas: what their `jku` serves."""
        return self._published("visa")


_PROBE = b"Can this key sign?"
"""No JWS begins like this: a signature of it is of no use to anybody."""


async def _signature(services: Mapping[str, KeyService], key: Key, asked: bytes) -> bytes:
    """By whoever keeps the key. What a service made is looked at: a token that nobody can verify is not handed out."""
    algorithm, private = ALGORITHM[key.use], key.private
    if not isinstance(private, Elsewhere):
        return await services[FILES].sign(key.kid, algorithm, asked)
    service = services.get(private.where)
    if service is None:
        raise KeyServiceDownError(f"the settings say nothing of {private.where}, where {private.name} is kept")
    made = await service.sign(private.name, algorithm, asked)
    if not jose.check_signature(algorithm, _jwk(key, algorithm), asked, made):
        raise KeyServiceDownError(f"{private.where}: {private.name} is another key than the one that we know")
    return made


def _key_of(use: Use) -> KeyUse:
    return "visa" if use == "visa-access" else use


def own_trust(tokens: OwnTokens, issuer: str) -> TrustRow:
    """Ourselves as a trusted issuer: our keys pinned, so that nothing is ever fetched from ourselves."""
    keys = (*tokens.keys_for(TASK_TYP), *tokens.keys_for(VISA_TYPE))
    return TrustRow(
        iss=issuer,
        jku=(f"{issuer}/visas/jwks.json",),
        keys=keys,
        algorithms=frozenset({"ES256"}),
        is_us=True,
        is_broker=True,
        vouches=True,
    )


def _jwk(key: Key, algorithm: str) -> dict[str, str]:
    if isinstance(key.private, ed25519.Ed25519PrivateKey):
        raise TypeError("the log's key is published by the log")
    return jose.public_jwk(key.private, key.kid, algorithm)
