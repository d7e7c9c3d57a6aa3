"""Who somebody is and for whom they act: what is known counts, what they write of themselves does not."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision import evaluate
from broker.core.ids import Issuer
from broker.core.outcome import Outcome
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import Visa
from broker.core.purpose import Modality, purpose_json
from broker.core.rows import Revocation, VisaIssuer
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

OTHER = "https://dac.example"
SECOND = b.organisation(id="elbe", scopes=frozenset({"elbe.example"}))


def test_two_institutions_are_none_until_the_purpose_names_one() -> None:
    both = ("faculty@rhine.example", "staff@elbe.example")
    assert not evaluate(b.question(affiliations=both), b.snapshot(SECOND)).permits
    named = b.grant(purpose=replace(b.PURPOSE, institution="rhine"))
    assert evaluate(b.question(affiliations=both), b.snapshot(SECOND, grant=named)).permits


def test_a_company_that_calls_itself_a_charity_is_a_company() -> None:
    codes = b.codes("DUO:0000006", "DUO:0000045")
    company = b.organisation(organisation="for_profit")
    stated = b.grant(purpose=replace(b.PURPOSE, organisation="non_profit"))
    world: dict[str, Any] = {"dataset": b.dataset(duo=codes), "organisation": company, "grant": stated}
    assert evaluate(b.question(), b.snapshot(**world)).outcome is Outcome.DENY


def test_who_says_that_it_is_for_profit_is_believed() -> None:
    stated = b.grant(purpose=replace(b.PURPOSE, organisation="for_profit"))
    world: dict[str, Any] = {"dataset": b.dataset(duo=b.codes("DUO:0000006", "DUO:0000045")), "grant": stated}
    assert evaluate(b.question(), b.snapshot(**world)).outcome is Outcome.DENY


def test_an_alternative_that_another_gate_bars_is_none() -> None:
    only_copies = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), modalities=frozenset({Modality.DOWNLOAD})))
    weak = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 1})
    assert evaluate(b.question(), b.snapshot(organisation=weak)).outcome is Outcome.ALTERNATIVE
    assert evaluate(b.question(), b.snapshot(organisation=weak, pia=only_copies)).outcome is Outcome.DENY


def visa(**changes: Any) -> Visa:
    made = Visa(
        iss=OTHER, sub="ada-there", jti="v1", type="ControlledAccessGrants", value=str(b.HEART), source=b.DAC, by="dac",
        asserted=Seconds(START - 100), iat=Seconds(START - 10), exp=Seconds(START + 3600), conditions=None, linked=(),
        jku=f"{OTHER}/jwks.json", kid="k", key="t" * 64, algorithm="ES256", digest="d" * 64,
    )  # fmt: skip
    return replace(made, **changes)


def trusted(**changes: Any) -> VisaIssuer:
    profile = purpose_json(b.PURPOSE)
    row = TrustRow(iss=OTHER, jku=(f"{OTHER}/jwks.json",), values=(str(b.HEART),), grant_profile=profile)
    return VisaIssuer(id=Issuer(OTHER), trust=replace(row, **changes))


def shown(issuer: VisaIssuer | None, *more: Any, **changes: Any) -> Any:
    asked = b.question(
        grants=(), visas=(visa(**changes),), identities=frozenset({(b.US, str(b.ADA)), (Issuer(OTHER), "ada-there")})
    )
    return evaluate(asked, b.snapshot(*more, issuer=issuer, grant=None))


def test_a_visa_of_a_trusted_committee_elsewhere_stands_for_a_grant() -> None:
    decision = shown(trusted())
    assert (decision.permits, decision.grant) == (True, f"visa:{OTHER} v1")


def test_a_visa_that_nobody_says_what_it_is_for_waits_for_a_purpose() -> None:
    assert "PUR-UNSTATED" in [reason.code for reason in shown(trusted(grant_profile=None)).reasons]


@pytest.mark.parametrize(
    ("issuer", "more", "change"),
    [
        (None, (), {}),
        (replace(trusted(), status="suspended"), (), {}),
        (trusted(values=("https://bank.example/other",)), (), {}),
        (trusted(sources=frozenset({"https://other.example"})), (), {}),
        (trusted(), (Revocation(id=f"visa:{OTHER} v1", since=START),), {}),
        (trusted(), (Revocation(id=f"issuer:{OTHER}", since=START),), {}),
        (trusted(), (Revocation(id="key:" + "t" * 64, since=START),), {}),
        (trusted(), (), {"sub": "somebody-else"}),
        (trusted(), (), {"value": "https://bank.example/other"}),
        (trusted(), (), {"exp": Seconds(START - 31)}),
    ],
    ids=["stranger", "suspended", "scope", "source", "visa revoked", "issuer revoked", "key revoked", "stolen", "other data", "expired"],
)  # fmt: skip
def test_a_visa_that_does_not_count_opens_nothing(issuer: Any, more: Any, change: dict[str, Any]) -> None:
    decision = shown(issuer, *more, **change)
    assert not decision.permits
    assert "AUTH-NO-GRANT" in [reason.code for reason in decision.reasons]


def test_a_visa_of_ours_shows_its_grant_and_no_more() -> None:
    ours = visa(iss=b.US, sub=str(b.ADA), jku=f"{b.US}/visas/jwks.json")
    asked = b.question(grants=(), visas=(ours,))
    assert evaluate(asked, b.snapshot()).grant == b.GRANT
    assert not evaluate(asked, b.snapshot(Revocation(id=f"grant:{b.GRANT}", since=START))).permits
    assert not evaluate(replace(asked, visas=(replace(ours, sub="usr_bao"),)), b.snapshot()).permits
