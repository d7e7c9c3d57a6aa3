"""Verified visas of a few people, and who is trusted with them: for tests of what counts for whom."""

from typing import Any

from broker.core.passport.evaluate import Evaluation, evaluate
from broker.core.passport.holdings import grants_for
from broker.core.passport.trust import Trust, TrustRow
from broker.core.passport.visa import Visa
from broker.core.time import Seconds
from tests.core.passport.visa_builders import DATASET, ISSUER, NOW, issuer_row, visa_of

LINKER = "https://linker.example/"
OTHER = "https://other.example/"
ALICE = (ISSUER, "alice")
OTHER_ROW = TrustRow(iss=OTHER, jku=(f"{OTHER}jwks.json",), values=(f"{OTHER}data/*",))
TRUST = Trust(
    [
        issuer_row(),
        OTHER_ROW,
        TrustRow(
            iss=LINKER,
            jku=(f"{LINKER}jwks.json",),
            may_link=True,
            link_issuers=frozenset({ISSUER, OTHER}),
            sources=frozenset({LINKER}),
        ),
    ]
)


def grant(sub: str = "alice", iss: str = ISSUER, exp: int = 3600, **visa: Any) -> Visa:
    return visa_of({"iss": iss, "sub": sub, "exp": NOW + exp, "jti": f"{sub}-grant-{exp}"}, visa, trust=TRUST)


def role(
    value: str = "faculty@uni.example", sub: str = "alice", exp: int = 3600, iss: str = ISSUER, **visa: Any
) -> Visa:
    said = {"type": "AffiliationAndRole", "value": value, "by": "so", **visa}
    return grant(sub, iss, exp, **said)


def linking(*pairs: tuple[str, str], sub: str = "l-1", iss: str = LINKER, exp: int = 3600, **visa: Any) -> Visa:
    value = ";".join(f"{sub},{iss.replace(':', '%3A')}" for iss, sub in pairs)
    return grant(sub, iss, exp, **{"type": "LinkedIdentities", "value": value, "source": iss, "by": "system", **visa})


def weigh(*visas: Visa, who: Any = (ALICE,), at: int = NOW, trust: Trust = TRUST, **options: Any) -> Evaluation:
    return evaluate(visas, trust, who, Seconds(at), **options)


def reasons(found: Evaluation) -> list[str]:
    return [one.reason.code for one in found.dropped]


def opens(found: Evaluation, dataset: str = DATASET) -> bool:
    return bool(grants_for(found, dataset))


FACULTY = [[{"type": "AffiliationAndRole", "value": "pattern:faculty@*", "by": "const:so"}]]


def linker_row(**members: Any) -> TrustRow:
    return TrustRow(**{"iss": LINKER, "jku": (f"{LINKER}jwks.json",), "may_link": True, **members})
