"""What a second reading of the whole decision found (docs/explanation/second-evaluator.md), a row for each."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import evaluate
from broker.core.decision.answering import Given, findings_for
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.passport.visa import GRANT, RESEARCHER, TERMS
from broker.core.rows import VisaIssuer
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_evaluate import data
from tests.core.decision.test_terms_and_registered import ISSUERS, ONE, PROFILE, visa
from tests.fakes import START

ME = frozenset({(b.US, str(b.ADA)), (b.HOME, "ada"), (ONE, "ada")})
VERSION = b.dataset().registered_version


def gate(which: Gate, *rows: Any, changes: dict[str, Any] | None = None, **world: Any) -> GateResult:
    """What one gate says to the plain question, changed."""
    decision = evaluate(b.question(**(changes or {})), b.snapshot(*rows, **world))
    return next(one for one in decision.gates if one.gate is which)


def first(said: GateResult) -> str:
    return said.reasons[0].code


def test_what_is_not_stated_is_asked_of_who_asks_and_of_no_officer() -> None:
    """Ruling 3: another issuer's visa that does not say what it stands for is PENDING PUR-UNSTATED as a whole."""
    issuer = VisaIssuer(id=ONE, trust=replace(ISSUERS[0].trust, values=(str(b.HEART),)))
    shown = visa(GRANT, str(b.HEART), by="dac")
    asked = b.question(visas=(shown,), identities=ME, grants=())
    decision = evaluate(asked, b.snapshot(issuer, grant=None))
    assert decision.outcome is Outcome.PENDING
    assert {reason.code for reason in decision.reasons} == {"PUR-UNSTATED"}


def test_what_is_not_stated_does_not_hide_what_the_law_refuses_anyway() -> None:
    facts = {**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False}
    said = gate(Gate.JURISDICTION, changes={"grants": (), "location": "US"}, organisation=b.organisation(facts=facts))
    assert (said.outcome.permits, first(said)) == (False, "JUR-EU-NO-SAFEGUARD")


def test_a_grant_to_come_is_not_told_as_one_that_ended() -> None:
    """Also where it was to be told when it ended: it had not begun."""
    coming = b.grant(begins=Seconds(START + 1))
    assert first(gate(Gate.ENTITLEMENT, grant=coming)) == "AUTH-NO-GRANT"
    assert first(gate(Gate.ENTITLEMENT, grant=b.grant(ends=START))) == "AUTH-GRANT-ENDED"


def test_what_is_told_is_told_of_a_grant_that_lives() -> None:
    """Ruling 3: one to come, one that was revoked, and the one under which the use is refused, which ends first."""
    narrow = b.grant(purpose=replace(b.PURPOSE, commercial=True))
    coming = b.grant(id="grt_c", begins=Seconds(START + 1), ends=Seconds(START + 2 * b.YEAR))
    revoked = b.grant(id="grt_r", ends=Seconds(START + 3 * b.YEAR))
    asked = b.question(grants=(b.GRANT, coming.id, revoked.id))
    decision = evaluate(asked, b.snapshot(coming, revoked, b.revocation("grant:grt_r"), grant=narrow))
    assert decision.grant == b.GRANT
    assert {one.gate for one in decision.gates if not one.outcome.permits} == {Gate.DUO, Gate.CONSENT}


@pytest.mark.parametrize(("ago", "opens"), [(29, True), (30, False)])
def test_a_visa_in_its_last_leeway_answers_a_question(ago: int, opens: bool) -> None:  # noqa: FBT001
    """Ruling 16; both ways in which visas open data without a grant of ours."""
    ends = Seconds(START - ago)
    kinds = [
        visa(kind, VERSION, exp=ends, asserted=Seconds(START - 200), iat=Seconds(START - 200))
        for kind in (TERMS, RESEARCHER)
    ]
    dataset = b.dataset(access="registered", registered_profile=PROFILE)
    asked = {"visas": tuple(kinds), "identities": ME, "grants": ()}
    said = gate(Gate.ENTITLEMENT, *ISSUERS, changes=asked, dataset=dataset, grant=None)
    assert said.outcome.permits is opens
    issuer = VisaIssuer(id=ONE, trust=replace(ISSUERS[0].trust, values=(str(b.HEART),), grant_profile=PROFILE))
    shown = visa(GRANT, str(b.HEART), by="dac", exp=ends, asserted=Seconds(START - 200), iat=Seconds(START - 200))
    asked = {"visas": (shown,), "identities": ME, "grants": ()}
    assert gate(Gate.ENTITLEMENT, issuer, changes=asked, grant=None).outcome.permits is opens


@pytest.mark.row("DIF-W")
def test_what_could_also_do_harm_goes_to_a_person_with_open_data_too() -> None:
    purpose = replace(b.PURPOSE, flags=frozenset({"dual_use"}))
    for stage in ("foresee", "use"):
        asked = {"stage": stage, "purpose": purpose, "grants": ()}
        said = gate(Gate.PURPOSE, changes=asked, dataset=replace(b.dataset(), access="open"), grant=None)
        assert (said.outcome, first(said)) == (Outcome.REFER, "PUR-DUAL-USE")


def test_of_several_open_questions_only_those_that_are_open_are_told() -> None:
    """Ruling 2: exactly the code that was answered is met."""
    duo = b.codes("DUO:0000006", "DUO:0000019", "DUO:0000029")
    purpose = replace(b.PURPOSE, agreements=replace(b.PURPOSE.agreements, publish=None, return_data=None))
    asked = b.question(stage="approve", purpose=purpose, grants=(), object=None)
    world = b.snapshot(dataset=b.dataset(duo=duo))
    until = Seconds(START + 60)
    given = [Given(code="DUO-PUBLISH-UNSTATED", ground="They said so.", ends=until)]
    answers = findings_for(asked, world, given, role="committee_member", by=b.MEI)
    said = next(one for one in evaluate(replace(asked, findings=answers), world).gates if one.gate is Gate.DUO)
    assert (said.outcome, [one.code for one in said.reasons]) == (Outcome.REFER, ["DUO-RETURN-UNSTATED"])
    assert said.asks == said.reasons
    assert said.until <= until


def test_what_the_law_still_waits_for_is_told_once_the_rest_is_answered() -> None:
    """A country that no pack answers for was settled; the contract for another one was not."""
    data = b.dataset(facts={**b.DATA_FACTS, "data.origin_countries": ("DE", "MG")})
    abroad = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.dpf_certified": False})
    asked = b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None, location="US")
    world = b.snapshot(dataset=data, organisation=abroad)
    given = [Given(code="JUR-NO-PACK", ground="Looked up.", ends=Seconds(START + 60))]
    answers = findings_for(asked, world, given, role="legal_officer", by=b.MEI)
    said = next(one for one in evaluate(replace(asked, findings=answers), world).gates if one.gate is Gate.JURISDICTION)
    assert (said.outcome, [one.code for one in said.reasons]) == (Outcome.PENDING, ["JUR-EU-SCC-NEEDED"])


@pytest.mark.row("DIF-W")
def test_of_two_communities_the_no_that_stands_is_told() -> None:
    """The other one only keeps the data at home; that is no way around a refusal, and packs must read the refusal."""
    refused = decided(decision="refused")
    other = replace(refused.consent, consent_id="con-com_2", subject_ref=SubjectRef("com_2"))
    local = decided(local_only=True)
    again = replace(refused, id="con-com_2/1", consent=other)
    for rows in ((local, again), (again, local)):
        decision = evaluate(b.question(), b.snapshot(*rows))
        said = next(one for one in decision.gates if one.gate is Gate.COMMUNITY)
        assert first(said) == "COM-REFUSED"
        assert "community.refused" in str(decision.facts["evidence"])


@pytest.mark.parametrize("stage", ["foresee", "approve"])
def test_a_forecast_ends_when_something_owed_gets_late_and_a_grant_does_not(stage: str) -> None:
    due = Seconds(START + 60)
    owed = Obligation(id="o", cls="account", text="t", holder="h", due=due)
    earlier = b.grant(ends=START, obligations=(owed,))
    said = gate(
        Gate.CONDUCT, changes={"stage": stage, "purpose": b.PURPOSE, "grants": (), "object": None}, grant=earlier
    )
    assert said.outcome.permits
    assert (said.until == due) is (stage == "foresee")


def test_open_data_are_used_without_a_grant_for_a_harmless_purpose() -> None:
    asked = {"purpose": b.PURPOSE, "grants": ()}
    assert gate(Gate.PURPOSE, changes=asked, dataset=replace(data(), access="open"), grant=None).outcome.permits


@pytest.mark.row("DIF-W")
def test_of_open_data_too_the_gate_of_purposes_says_that_none_is_stated() -> None:
    """It asks first whether one is; the outcome is that of the gates which cannot judge without one."""
    decision = evaluate(b.question(grants=()), b.snapshot(dataset=replace(data(), access="open"), grant=None))
    said = {one.gate: one for one in decision.gates}
    assert decision.outcome is Outcome.PENDING
    assert (said[Gate.PURPOSE].outcome, first(said[Gate.PURPOSE])) == (Outcome.PENDING, "PUR-UNSTATED")


@pytest.mark.row("DIF-W")
def test_of_a_training_that_ended_nobody_is_told_by_the_visa_of_another() -> None:
    """Clearinghouse, "Whose visa": neither of somebody else, nor where nobody knows who asks."""
    training = "https://training.example/1"
    ended = visa(TERMS, training, by="so", exp=Seconds(START - 50))
    for identities, code in (
        (ME, "AUTH-TRAINING-EXPIRED"), (ME - {(ONE, "ada")}, "AUTH-TRAINING-MISSING"), (frozenset(), "AUTH-TRAINING-MISSING"),
    ):  # fmt: skip
        asked = {"visas": (ended,), "identities": identities}
        said = gate(Gate.TERMS, *ISSUERS, changes=asked, dataset=replace(b.dataset(), training=training))
        assert (said.outcome, first(said)) == (Outcome.PENDING, code)


@pytest.mark.row("DIF-W")
def test_a_certificate_that_refuses_is_a_no_beforehand_whatever_else_of_it_is_open() -> None:
    """DENY over REFER: what is open can be answered, and would not help."""
    certificate = replace(b.dataset().certificate, modifiers=b.codes("DUO:0000021"), modalities=frozenset())
    asked = {"stage": "foresee", "purpose": b.PURPOSE, "grants": (), "object": None}
    held = replace(certificate, modalities=None)
    said = [
        gate(Gate.CONSENT, changes=asked, dataset=replace(b.dataset(), certificate=one)) for one in (held, certificate)
    ]
    assert [(one.outcome, first(one)) for one in said] == [
        (Outcome.REFER, "CON-CERTIFICATE-OPEN"),
        (Outcome.DENY, "DUO-DATASET-NARROWER"),
    ]


def test_two_versions_with_one_number_are_a_conflict_for_everybody_who_asks() -> None:
    """No door takes such a version in (exchange-consents.md); were two on record, nobody would choose between them."""
    row = b.consent()
    other = replace(row, id="again", consent=replace(row.consent, status="suspended"))
    assert "CON-RECORD-CONFLICT" in {one.code for one in gate(Gate.CONSENT, row, other).reasons}
