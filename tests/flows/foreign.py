"""A trusted broker and a trusted visa issuer beside ours, whose keys are at hand: for stories with foreign tokens."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from broker.adapters.jose import check_signature
from broker.core.ids import Issuer
from broker.core.passport.keys import named
from broker.core.passport.trust import Jwk, TrustRow
from broker.core.purpose import purpose_json
from broker.core.rows import Row, VisaIssuer
from broker.flows.proofs import Proofs
from broker.flows.verified import Poller, Verifier
from tests import builders as b
from tests.core.passport.visa_builders import BROKER, ISSUER, KEYS, broker_row, issuer_row, passport_token, visa_token
from tests.fakes import MemoryIssuerHealth, MemoryScratch

WHO = (ISSUER, "alice")


class NoReader:
    """Nothing is a token of ours."""

    def read(self, token: str, typ: str) -> Mapping[str, Any] | None:
        del token, typ
        return None


class StaticKeys:
    """The keys of the builders' issuers, and what was asked for."""

    def __init__(self, sets: Mapping[tuple[str, str], Sequence[Jwk]] | None = None) -> None:
        self.at = dict(KEYS if sets is None else sets)
        self.asked: list[tuple[str, str, str]] = []

    async def sets(
        self, needs: Collection[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str], Sequence[Mapping[str, Any]] | None]:
        self.asked.extend(needs)
        return {(iss, jku): self.at.get((iss, jku)) for iss, jku, _ in needs}

    def at_hand(self, iss: str, jku: str, kid: str) -> Jwk | None:
        return named(self.at.get((iss, jku), ()), kid)


def trusted(row: TrustRow | None = None, **changes: Any) -> VisaIssuer:
    """The visa issuer: it may grant `heart`, for the builders' purpose."""
    made = row or issuer_row(**{"values": (b.HEART,), "grant_profile": purpose_json(b.PURPOSE), **changes})
    return VisaIssuer(id=Issuer(made.iss), trust=made)


def rows(issuer: Mapping[str, Any] | None = None, broker: Mapping[str, Any] | None = None) -> list[Row]:
    """Both, trusted: the broker says whose the visas in its Passports are, unless told otherwise."""
    return [trusted(**(issuer or {})), trusted(broker_row(**{"vouches": True, **(broker or {})}))]


def verifier(
    keys: StaticKeys | None = None, health: MemoryIssuerHealth | None = None, poller: Poller | None = None
) -> Verifier:
    proofs = Proofs(check=check_signature, scratch=MemoryScratch(), nonce_key=b"n" * 32)
    return Verifier(
        reader=NoReader(),
        keys=keys or StaticKeys(),
        check=check_signature,
        proofs=proofs,
        health=health,
        poller=poller,
    )


def heart(**payload: Any) -> str:
    """A grant of `heart` to Alice."""
    return visa_token(payload=payload, visa={"value": b.HEART, "source": b.DAC})


def role(**payload: Any) -> str:
    """Alice is faculty at the registered university."""
    said = {"type": "AffiliationAndRole", "value": "faculty@rhine.example", "by": "so"}
    return visa_token(payload={"jti": "v-2", **payload}, visa=said)


def passport(*visas: str, **payload: Any) -> str:
    return passport_token(list(visas), payload=payload)


__all__ = ["BROKER", "ISSUER", "WHO", "StaticKeys", "heart", "passport", "role", "rows", "trusted", "verifier"]
