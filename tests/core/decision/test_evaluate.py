"""The one question: a world where the answer is yes, and every single thing that makes it no."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.model import DatasetCertificate, Scope, Withdrawal
from broker.core.decision import evaluate, explain
from broker.core.ids import DatasetId, PersonId
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import LADDER, Kind, Modality
from broker.core.rows import Evidence, Revocation
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

D, A, R, P, O = Outcome.DENY, Outcome.ALTERNATIVE, Outcome.REFER, Outcome.PENDING, Outcome.PERMIT_WITH_OBLIGATIONS  # noqa: E741


def recipient(**facts: Any) -> Any:
    named = {f"recipient.{name}": value for name, value in facts.items()}
    return b.organisation(facts={n: v for n, v in {**b.RECIPIENT_FACTS, **named}.items() if v is not None})


def data(**facts: Any) -> Any:
    named = {f"data.{name}": value for name, value in facts.items()}
    return b.dataset(facts={n: v for n, v in {**b.DATA_FACTS, **named}.items() if v is not None})


def withdrawn(at: int) -> Any:
    return b.consent(
        b.PIA, 2, status="withdrawn", withdrawal=Withdrawal(kind="no_further_use"),
        effective_from=Seconds(START + at), recorded_at=Seconds(START + at),
    )  # fmt: skip


def revoked(id: str, since: int = 0) -> Revocation:
    return Revocation(id=id, since=Seconds(START + since))


def purposed(**members: Any) -> Any:
    return b.grant(purpose=replace(b.PURPOSE, **members))


US_STATE = recipient(country="US", can_sign_scc=False, dpf_certified=False)
IN_THE_US = purposed(countries=frozenset({"US"}))

CASES: list[tuple[str, dict[str, Any], dict[str, Any], Outcome, str | None]] = [
    # what it is, question, world, outcome, the first reason's code
    ("everything as it must be", {}, {}, O, None),
    ("nobody known", {"person": None}, {}, D, "AUTH-IDENTITY-UNTRUSTED"),
    ("no identity", {"identities": frozenset()}, {}, D, "AUTH-IDENTITY-UNTRUSTED"),
    ("an unknown dataset", {"dataset": DatasetId("https://bank.example/no")}, {}, D, "AUTH-NO-GRANT"),
    ("no grant shown", {"grants": ()}, {}, D, "AUTH-NO-GRANT"),
    ("a grant that does not exist", {"grants": ("grt_x",)}, {}, D, "AUTH-NO-GRANT"),
    ("a grant for other data", {}, {"grant": b.grant(dataset=DatasetId("https://bank.example/no"))}, D, "AUTH-NO-GRANT"),
    ("somebody else's grant", {}, {"grant": b.grant(person=PersonId("usr_bao"))}, D, "PUR-MISMATCH"),
    ("another grant named", {"grant": "grt_2"}, {}, D, "PUR-MISMATCH"),
    ("the grant named", {"grant": b.GRANT}, {}, O, None),
    ("the grant's last second", {}, {"grant": b.grant(ends=Seconds(START + 1))}, O, None),
    ("the second in which the grant ends", {}, {"grant": b.grant(ends=START)}, D, "AUTH-GRANT-ENDED"),
    ("a grant that begins in a second", {}, {"grant": b.grant(begins=Seconds(START + 1))}, D, "AUTH-NO-GRANT"),
    ("a grant that begins now", {}, {"grant": b.grant(begins=START)}, O, None),
    ("grant revoked", {}, {"x": revoked(f"grant:{b.GRANT}")}, D, "AUTH-GRANT-REVOKED"),
    ("grant to be revoked in a second", {}, {"x": revoked(f"grant:{b.GRANT}", 1)}, O, None),
    ("person suspended", {}, {"x": revoked(f"person:{b.ADA}")}, D, "OPS-RECIPIENT-SUSPENDED"),
    ("session revoked", {}, {"x": revoked("session:ses")}, D, "AUTH-REVOKED"),
    ("authorisation revoked", {}, {"x": revoked("family:fam")}, D, "AUTH-REVOKED"),
    ("ticket revoked", {"access": "acc"}, {"x": revoked("access:acc")}, D, "AUTH-REVOKED"),
    ("another project stated", {"purpose": replace(b.PURPOSE, project="p2")}, {}, D, "PUR-MISMATCH"),
    ("the same project stated", {"purpose": b.PURPOSE}, {}, O, None),
    ("commercial use", {}, {"grant": purposed(commercial=True)}, D, "DUO-COMMERCIAL-USE"),
    ("ancestry on health data", {}, {"grant": purposed(kinds=frozenset({Kind.ANCESTRY}))}, D, None),
    ("a dataset without codes", {}, {"dataset": b.dataset(duo=())}, R, None),
    ("withdrawn this very second", {}, {"x": withdrawn(0)}, D, "CON-WITHDRAWN"),
    ("withdrawn in a second", {}, {"x": withdrawn(1)}, O, None),
    ("no consent on record", {}, {"pia": None}, D, "CON-NO-RECORD"),
    ("consent suspended", {}, {"pia": b.consent(status="suspended")}, R, "CON-SUSPENDED"),
    ("a file with nobody in it", {}, {"one": b.drs_object(subjects=())}, D, "CON-NO-RECORD"),
    ("a file without personal data", {}, {"one": b.drs_object(subjects=(), unrestricted=True)}, O, None),
    ("two people, one withdrew: the file cannot be filtered", {"object": b.TWO}, {"x": withdrawn(0)}, A, "CON-MIXED-FILE"),
    ("the whole dataset, one withdrew", {"object": None}, {"x": withdrawn(0)}, O, None),
    ("consent limited to a secure room", {}, {"pia": b.consent(scope=Scope(
        permissions=b.codes("DUO:0000042"), modalities=frozenset({Modality.TRE_REMOTE, Modality.CODE_TO_DATA})))},
        A, "CON-MODALITY"),
    ("no certificate in force", {}, {"dataset": b.dataset(certificate=DatasetCertificate(
        permissions=b.codes("DUO:0000042"), valid_to=START))}, R, "CON-NO-CERTIFICATE"),
    ("community not stated", {}, {"dataset": data(community_governed=None)}, R, "JUR-FACT-MISSING"),
    ("community must decide", {}, {"dataset": data(community_governed=True)}, P, "COM-APPROVAL-NEEDED"),
    ("community said yes", {}, {"dataset": replace(data(community_governed=True),
        evidence=(Evidence(id="community.approved"),))}, O, None),
    ("community's yes has ended", {}, {"dataset": replace(data(community_governed=True),
        evidence=(Evidence(id="community.approved", valid_to=START),))}, P, "COM-APPROVAL-NEEDED"),
    ("community said no", {}, {"dataset": replace(data(community_governed=True),
        evidence=(Evidence(id="community.approved"), Evidence(id="community.refused")))}, D, "COM-REFUSED"),
    ("nobody knows the institution", {"affiliations": ("faculty@nowhere.example",)}, {}, D, "SEC-CANNOT-PROTECT"),
    ("nobody knows where she is", {"location": None}, {}, P, "JUR-EU-SCC-NEEDED"),
    ("she says nowhere where it is processed", {}, {"grant": purposed(countries=frozenset())}, P, "JUR-EU-SCC-NEEDED"),
    ("the institution was suspended", {}, {"organisation": recipient(suspended=True)}, D, "OPS-RECIPIENT-SUSPENDED"),
    ("weak security", {}, {"organisation": recipient(security_level=1)}, A, "SEC-CANNOT-PROTECT"),
    ("a prohibited purpose", {}, {"grant": purposed(flags=frozenset({"prohibited"}))}, D, "PUR-PROHIBITED"),
    ("a US state university", {"location": "US"}, {"organisation": US_STATE, "grant": IN_THE_US}, A, "JUR-EU-NO-SAFEGUARD"),
    ("the same, code to data", {"location": "US", "modality": Modality.CODE_TO_DATA},
        {"organisation": US_STATE, "grant": IN_THE_US}, O, None),
    ("processing abroad too: the stricter answer", {}, {"grant": purposed(countries=frozenset({"DE", "US"}))}, P, "JUR-EU-SCC-NEEDED"),
    ("data of a country without rules", {}, {"dataset": data(origin_countries=("DE", "MG"))}, R, "JUR-NO-PACK"),
    ("open data", {"grants": (), "purpose": b.PURPOSE}, {"dataset": b.dataset(access="open")}, O, None),
]  # fmt: skip


@pytest.mark.row("WHO-3.8-2a")
@pytest.mark.row("WHO-3.8-2b")
@pytest.mark.row("WHO-3.8-4a")
@pytest.mark.row("WHO-3.3-1")
@pytest.mark.parametrize(("_what", "asked", "world", "outcome", "code"), CASES, ids=[case[0] for case in CASES])
def test_one_thing_decides(
    _what: str, asked: dict[str, Any], world: dict[str, Any], outcome: Outcome, code: str | None
) -> None:
    decision = evaluate(b.question(**asked), b.snapshot(**world))
    given = [reason.code for reason in decision.reasons]
    assert (decision.outcome, code is None or code in given) == (outcome, True), given
    assert decision.permits == (outcome is O)


def test_every_gate_is_asked_whatever_the_others_say() -> None:
    decision = evaluate(b.question(person=None, grants=(), location=None), b.snapshot(x=withdrawn(0)))
    asked = {gate.gate for gate in decision.gates}
    assert asked == {
        Gate.IDENTITY, Gate.ENTITLEMENT, Gate.TERMS, Gate.PURPOSE, Gate.SAFEGUARDS, Gate.DUO, Gate.CONSENT, Gate.COMMUNITY, Gate.JURISDICTION, Gate.SECURITY, Gate.CONDUCT,
    }  # fmt: skip


def test_of_several_grants_the_one_that_permits_is_used() -> None:
    other = b.grant(id="grt_9", ends=Seconds(START + 2 * b.YEAR), purpose=replace(b.PURPOSE, commercial=True))
    decision = evaluate(b.question(grants=("grt_9", b.GRANT)), b.snapshot(other))
    assert (decision.permits, decision.grant) == (True, b.GRANT)


def test_of_two_that_permit_the_one_that_ends_last_is_used() -> None:
    later = b.grant(id="grt_9", ends=Seconds(START + 2 * b.YEAR))
    assert evaluate(b.question(grants=(b.GRANT, "grt_9")), b.snapshot(later)).grant == "grt_9"


def test_an_answer_ends_with_whatever_it_rests_on() -> None:
    ends = Seconds(START + 77)
    assert evaluate(b.question(), b.snapshot(grant=b.grant(ends=ends))).until == ends
    until = b.consent(effective_to=Seconds(START + 50))
    assert evaluate(b.question(), b.snapshot(pia=until)).until == START + 50


def test_beforehand_nobodys_consent_is_read() -> None:
    asked = b.question(stage="foresee", purpose=b.PURPOSE, grants=(), object=None)
    assert evaluate(asked, b.snapshot(x=withdrawn(0))).permits
    assert not evaluate(replace(asked, stage="approve"), b.snapshot(x=withdrawn(0), paul=None)).permits


def test_a_decision_is_the_same_again_years_later() -> None:
    asked = b.question()
    before = evaluate(asked, b.snapshot())
    assert evaluate(asked, b.snapshot(x=withdrawn(86_400))) == before


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_what_an_explanation_promises_is_what_asking_gives(case: Any) -> None:
    _, asked, world, _, _ = case
    question, snapshot = b.question(**asked), b.snapshot(**world)
    decision = evaluate(question, snapshot)
    told = explain(question, decision, snapshot)
    assert told.reasons
    assert told.outcome is told.ladder[question.modality]
    for way in LADDER:
        answer = evaluate(replace(question, modality=way), snapshot)
        of_people = any(gate.gate is Gate.CONSENT for gate in answer.telling) and not answer.permits
        assert told.ladder[way] in ((A, D) if of_people else (answer.outcome,))
    for way in told.alternatives:
        assert evaluate(replace(question, modality=way), snapshot).permits
    assert (told.outcome is A) <= bool(told.alternatives)


HIDDEN = [withdrawn(0), b.consent(b.PIA, 2, effective_to=START), b.consent(b.PIA, 2, status="suspended"), None]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_why_somebody_is_left_out_stays_with_them(hidden: Any) -> None:
    """Ruling 10: whoever is left out, for whatever reason, the researcher reads the same."""
    world: dict[str, Any] = {"pia": None} if hidden is None else {"pia": hidden}
    snapshot = b.snapshot(**world)
    told = explain(b.question(), evaluate(b.question(), snapshot), snapshot)
    assert [reason.code for reason in told.reasons] == ["CON-LEFT-OUT"]
    assert set(told.ladder.values()) == {told.outcome} == {D}
    assert "1" not in "".join(told.sentences)


RESTRICTIONS = st.lists(
    st.sampled_from([
        ("x", withdrawn(0)),
        ("y", revoked("session:ses")),
        ("grant", b.grant(ends=START)),
        ("dataset", b.dataset(duo=b.codes("DUO:0000006", "DUO:0000046", "DUO:0000044", "DUO:0000016"))),
        ("dataset", data(community_governed=True)),
        ("organisation", recipient(security_level=0)),
        ("organisation", US_STATE),
        ("pia", None),
        ("organisation", None),
    ]),
    max_size=4,
)  # fmt: skip


@given(RESTRICTIONS, st.sampled_from(LADDER))
def test_adding_a_restriction_never_widens(restrictions: list[tuple[str, Any]], way: Modality) -> None:
    asked = b.question(modality=way)
    world: dict[str, Any] = {}
    before = evaluate(asked, b.snapshot()).outcome
    for name, row in restrictions:
        if name in world:
            continue
        world[name] = row
        after = evaluate(asked, b.snapshot(**world)).outcome
        assert after.permits <= before.permits
        before = after
