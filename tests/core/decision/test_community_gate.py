"""A community that governs data decides by its own record; the law, a grant or a participant neither lifts nor makes it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.model import CommunityDecision, ConsentVersion, Scope
from broker.core.decision import evaluate, explain
from broker.core.decision.case import case_of
from broker.core.decision.gates.community import community
from broker.core.decision.weighing import weighed
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.purpose import LADDER, Kind, Modality
from broker.core.rows import ConsentRow, Evidence
from broker.core.rows.access import Finding
from broker.core.time import Seconds, day_of
from tests import builders as b
from tests.core.decision.test_evaluate import RESTRICTIONS, data
from tests.fakes import START

COUNCIL = SubjectRef("com_1")
AGREED = CommunityDecision(
    authority="council", rule="two thirds", members="who is enrolled", decision="approved", local_only=False
)


def decided(version: int = 1, *, scope: Scope | None = None, begins: int = 0, **members: Any) -> ConsentRow:
    """The council's record about `heart`."""
    record = ConsentVersion(
        consent_id="con-com_1",
        version=version,
        level="community",
        subject_ref=COUNCIL,
        effective_from=Seconds(START - b.YEAR + begins),
        scope=scope or Scope(),
        community=replace(AGREED, **members),
    )
    return ConsentRow(id=f"con-com_1/{version}", datasets=frozenset({b.HEART}), consent=record)


def said(*rows: Any, modality: Modality = Modality.DOWNLOAD, **world: Any) -> GateResult:
    """What the gate says to the plain question."""
    snapshot = b.snapshot(*rows, **world)
    question = b.question(modality=modality)
    held = None
    return community(case_of(replace(question, purpose=b.PURPOSE), held, weighed(question, snapshot), snapshot))


NOTED = replace(b.dataset(), evidence=(Evidence(id="community.refused"),))
TODAY = day_of(START)
P, W, D = Outcome.PERMIT, Outcome.PENDING, Outcome.DENY
CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], Outcome, str]] = [
    ("agreed", (decided(),), {}, P, "COM-APPROVED"),
    ("agreed, though the holder says that nobody governs", (decided(),), {"dataset": data(community_governed=False)}, P, "COM-APPROVED"),
    ("agreed, and the holder says nothing", (decided(),), {"dataset": data(community_governed=None)}, P, "COM-APPROVED"),
    ("refused", (decided(decision="refused"),), {}, D, "COM-REFUSED"),
    ("refused, and the holder notes a yes", (decided(decision="refused"),),
        {"dataset": replace(b.dataset(), evidence=(Evidence(id="community.approved"),))}, D, "COM-REFUSED"),
    ("agreed, and the holder notes a no", (decided(),), {"dataset": NOTED}, D, "COM-REFUSED"),
    ("undecided", (decided(decision="undecided"),), {}, W, "COM-APPROVAL-NEEDED"),
    ("undecided, and the holder notes a yes", (decided(decision="undecided"),),
        {"dataset": replace(b.dataset(), evidence=(Evidence(id="community.approved"),))}, W, "COM-APPROVAL-NEEDED"),
    ("to be decided anew", (decided(review_on=TODAY),), {}, W, "COM-APPROVAL-NEEDED"),
    ("another purpose", (decided(scope=Scope(permissions=b.codes("DUO:0000011"))),), {}, D, "COM-REFUSED"),
    ("taken back", (decided(), decided(2, begins=9, decision="refused")), {}, D, "COM-REFUSED"),
    ("the data stay", (decided(local_only=True),), {}, D, "COM-LOCAL-ONLY"),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "rows", "world", "outcome", "code"), CASES, ids=[case[0] for case in CASES])
def test_the_community_decides(
    _what: str, rows: tuple[Any, ...], world: dict[str, Any], outcome: Outcome, code: str
) -> None:
    answer = said(*rows, **world)
    assert (answer.outcome, [reason.code for reason in answer.reasons]) == (outcome, [code])


def test_data_that_stay_with_the_community_are_reached_in_a_milder_way() -> None:
    snapshot = b.snapshot(decided(local_only=True))
    decision = evaluate(b.question(), snapshot)
    told = explain(b.question(), decision, snapshot)
    assert decision.outcome is Outcome.ALTERNATIVE
    assert told.alternatives == (Modality.CODE_TO_DATA, Modality.AGGREGATE)
    assert {way for way in LADDER if told.ladder[way].permits} == {Modality.CODE_TO_DATA, Modality.AGGREGATE}


def test_policy_packs_see_what_the_record_says() -> None:
    facts = evaluate(b.question(), b.snapshot(decided())).facts
    assert facts["data.community_governed"] is True
    assert facts["evidence"] == ("community.approved",)
    refused = evaluate(b.question(), b.snapshot(decided(decision="refused"))).facts
    assert refused["evidence"] == ("community.refused",)
    stays = evaluate(b.question(), b.snapshot(decided(local_only=True))).facts
    assert stays["data.community_local_only"] is True


def test_a_decision_about_other_data_says_nothing_here() -> None:
    other = replace(decided(decision="refused"), datasets=frozenset({DatasetId("https://bank.example/datasets/other")}))
    assert evaluate(b.question(), b.snapshot(other)).permits


def test_beforehand_the_community_is_heard_too() -> None:
    asked = b.question(stage="foresee", purpose=b.PURPOSE, grants=(), object=None)
    assert evaluate(asked, b.snapshot(decided())).permits
    assert evaluate(asked, b.snapshot(decided(decision="refused"))).outcome is D


def test_the_answer_ends_with_the_review_and_with_the_next_version() -> None:
    later = decided(2, begins=b.YEAR + 60, decision="refused")
    known = replace(later, consent=replace(later.consent, recorded_at=Seconds(START - 1)))
    assert said(decided(), known).until == START + 60
    assert evaluate(b.question(), b.snapshot(decided(), known)).until == START + 60


def test_no_finding_answers_for_a_community() -> None:
    """Whatever somebody wrote into a grant: the gate has no question that a finding could settle."""
    forged = tuple(
        Finding(
            gate=Gate.COMMUNITY, code=code, dataset=b.HEART, project="p1", role=role, person=b.MEI, ground="We say so.",
            begins=START, ends=Seconds(START + 9), inputs="0" * 64,
        )
        for code in ("COM-APPROVAL-NEEDED", "JUR-FACT-MISSING") for role in ("legal_officer", "committee_member")
    )  # fmt: skip
    for row in (decided(decision="undecided"), None):
        world = {"x": row, "dataset": data(community_governed=None), "grant": b.grant(findings=forged)}
        assert not evaluate(b.question(), b.snapshot(**world)).permits


RECORDS = st.builds(
    decided,
    decision=st.sampled_from(["approved", "refused", "undecided"]),
    local_only=st.booleans(),
    review_on=st.sampled_from([None, TODAY]),
    scope=st.sampled_from([Scope(), Scope(permissions=b.codes("DUO:0000011"))]),
)


@given(RECORDS, RESTRICTIONS, st.sampled_from(LADDER))
def test_nobody_overrules_the_community_nor_it_them(
    record: ConsentRow, restrictions: list[tuple[str, Any]], way: Modality
) -> None:
    world = dict(restrictions)
    question = b.question(modality=way)
    with_it, without = evaluate(question, b.snapshot(record, **world)), evaluate(question, b.snapshot(**world))
    answers = {gate.gate: gate for gate in with_it.gates}
    if not answers[Gate.COMMUNITY].outcome.permits:
        assert not with_it.permits, "nobody overrules it"
    said_before = {gate.gate: gate.outcome for gate in without.gates}
    for gate in (Gate.CONSENT, Gate.DUO, Gate.ENTITLEMENT, Gate.CONDUCT):
        if gate in said_before:
            assert answers[gate].outcome is said_before[gate], "nor it them"
    if not without.permits and "dataset" not in world:
        assert not with_it.permits


@given(RECORDS, st.sampled_from(LADDER))
def test_its_answer_depends_on_nobody_elses(record: ConsentRow, way: Modality) -> None:
    plain = said(record, modality=way)
    for world in ({"pia": None}, {"organisation": b.organisation(facts={})}, {"grant": None}):
        assert said(record, modality=way, **world).outcome is plain.outcome
    other = replace(b.PURPOSE, kinds=frozenset({Kind.HMB}), commercial=True)
    assert said(record, modality=way, grant=b.grant(purpose=other)).outcome is plain.outcome
