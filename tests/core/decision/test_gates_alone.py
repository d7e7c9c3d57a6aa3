"""Single gates, asked alone: what lets somebody in, what people left, who is refused where, and what the answer names."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.consent.model import Scope
from broker.core.decision import Decision, evaluate
from broker.core.decision.case import Case, case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.evaluate import _may_be_milder
from broker.core.decision.findings import inputs_digest
from broker.core.decision.gates.conduct import conduct
from broker.core.decision.gates.consent import consent, left_out
from broker.core.decision.gates.entitlement import entitlement
from broker.core.decision.joined import by_people, joined
from broker.core.decision.names import HIDDEN
from broker.core.decision.question import Question
from broker.core.decision.received import with_received
from broker.core.decision.use import way_is_open
from broker.core.decision.weighing import weighed
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.purpose import Modality
from broker.core.rows import VisaIssuer
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds, add_months
from tests import builders as b
from tests.core.decision.test_closed_holes_of_givers import LINK
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_evaluate import US_STATE, withdrawn
from tests.core.decision.test_gate_parts import ISSUER, LET_IN, TWO_COUNTRIES, finding
from tests.core.decision.test_received import CHINA, MORE, dataset, had
from tests.core.decision.test_safeguards import CODES as BROAD_CODES
from tests.core.decision.test_safeguards import broad
from tests.core.decision.test_what_gates_say import LATE, suspended
from tests.fakes import START


def case(*rows: Any, asked: dict[str, Any] | None = None, **world: Any) -> Case:
    """A use, under Ada's grant if there is one."""
    snapshot, question = b.snapshot(*rows, **world), b.question(**asked or {})
    visas = weighed(question, snapshot)
    held = next(iter(entitlements(question, visas, snapshot)), None)
    return case_of(question, held, visas, snapshot)


def code(found: GateResult) -> str:
    return found.reasons[0].code if found.reasons else ""


# Conduct

NEVER = ("visa_issuer", "https://never.example")
GONE: VisaIssuer = replace(ISSUER, status="removed")
CONDUCT: list[tuple[Case, str, int]] = [
    (case(ISSUER), "", FOREVER),
    (case(ISSUER, asked={"let_in": LET_IN}), "", FOREVER),
    (case(GONE, asked={"let_in": LET_IN}), "AUTH-REVOKED", FOREVER),
    (case(GONE, asked={"let_in": (NEVER, *LET_IN)}), "AUTH-REVOKED", FOREVER),
    (case(GONE), "", FOREVER),
    (case(suspended(begins=START, ends=START)), "", FOREVER),
    (case(suspended(begins=START + 9)), "", START + 9),
    (case(grant=b.grant(obligations=(replace(LATE, due=None),))), "", FOREVER),
    (case(grant=b.grant(obligations=(replace(LATE, due=Seconds(START + 9)),))), "", START + 9),
    (case(grant=b.grant(obligations=(replace(LATE, due=Seconds(START + 9), at=START),))), "", FOREVER),
]


@pytest.mark.parametrize("n", range(len(CONDUCT)))
def test_what_was_done_stands_in_the_way_or_will(n: int) -> None:
    asked, why, until = CONDUCT[n]
    found = conduct(asked)
    assert (code(found), found.until) == (why, until)


# Entitlement

OWN_WORD = case(
    b.request(state=State.APPROVED, decided_by=b.ADA, grant=b.GRANT), grant=b.grant(findings=(finding("A", person=b.ADA),))
)  # fmt: skip


def test_what_somebody_decided_under_their_one_identity_is_refused_before_there_is_a_grant() -> None:
    """A flow does that; here the same human being under two identities is found."""
    assert entitlement(OWN_WORD).outcome is Outcome.PERMIT


# Consents

GERMAN_ONLY = b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), recipient_countries=frozenset({"DE"})))
FRENCH = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"})


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (case(pia=GERMAN_ONLY), Outcome.PERMIT),
        (case(pia=GERMAN_ONLY, organisation=FRENCH), Outcome.DENY),
        (case(withdrawn(0), asked={"object": b.TWO}), Outcome.DENY),
        (case(withdrawn(0), asked={"object": b.TWO, "modality": Modality.STREAM}), Outcome.DENY),
        (case(withdrawn(0), asked={"object": b.TWO, "modality": Modality.TRE_REMOTE}), Outcome.PERMIT_WITH_OBLIGATIONS),
        (case(withdrawn(0), asked={"object": b.TWO, "filtered": True}), Outcome.PERMIT_WITH_OBLIGATIONS),
    ],
    ids=map(str, range(6)),
)
def test_a_file_of_several_people_is_filtered_where_it_does_not_leave_as_it_is(asked: Case, outcome: Outcome) -> None:
    assert consent(asked).outcome is outcome


DISEASE_ONLY = b.consent(scope=Scope(permissions=b.codes({"code": "DS", "diseases": ["MONDO:0005015"]})))
FEW = b.dataset(certificate=replace(b.dataset().certificate, min_group=2))
ALONE = case(dataset=FEW, x=withdrawn(0), asked={"object": None})


def answering(asked: Case, gate: Gate, code: str, role: str, *ends: int) -> Case:
    made = [
        finding(code, role, gate=gate, inputs=inputs_digest(asked, gate), ends=Seconds(START + end)) for end in ends
    ]
    return replace(asked, findings=tuple(made))


@pytest.mark.parametrize("gate", [Gate.CONSENT, Gate.DUO])
def test_what_the_committee_said_of_too_few_people_counts_whichever_gate_asked(gate: Gate) -> None:
    assert "CON-TOO-FEW" in [one.code for one in consent(ALONE).reasons]
    assert consent(ALONE).missing or not consent(ALONE).outcome.permits
    answered = answering(ALONE, gate, "CON-TOO-FEW", "committee_member", 90)
    assert consent(answered).outcome.permits


SETTLED = case(asked={"object": None})


def test_a_grant_ends_with_the_first_answer_about_consents_that_it_rests_on() -> None:
    assert consent(SETTLED).ends == FOREVER
    both = answering(SETTLED, Gate.CONSENT, "CON-SILENT", "ethics_committee", 90, 40)
    assert (consent(both).ends, consent(both).until) == (START + 40, START + 40)


def abroad(**world: Any) -> Case:
    return case(grant=b.grant(purpose=TWO_COUNTRIES), asked={"object": None}, **world)


LEFT_OUT: list[tuple[Case, dict[Any, str]]] = [
    (case(x=withdrawn(0)), {b.PIA: "CON-WITHDRAWN"}),
    (case(x=withdrawn(0), dataset=None), {}),
    (case(x=withdrawn(0), asked={"grants": ()}), {}),
    (case(x=withdrawn(0), one=b.drs_object(unrestricted=True)), {}),
]


@pytest.mark.parametrize("n", range(len(LEFT_OUT)))
def test_nobody_is_left_out_of_what_nobody_is_asked_about(n: int) -> None:
    asked, wanted = LEFT_OUT[n]
    assert {ref: one.code for ref, one in left_out(asked).items()} == wanted


def limited(country: str) -> Case:
    """Pia's data may lie in one of the two countries, and leave it nowhere."""
    scope = Scope(
        permissions=b.codes("DUO:0000042"), hosting=frozenset({country}), modalities=frozenset({Modality.TRE_REMOTE})
    )
    return case(pia=b.consent(scope=scope), grant=b.grant(purpose=TWO_COUNTRIES), asked={"object": None})


@pytest.mark.parametrize(("asked", "code"), [(limited("CH"), "CON-MODALITY"), (limited("FR"), "CON-HOSTING")])
def test_of_equal_reasons_that_of_the_first_country_is_told(asked: Case, code: str) -> None:
    assert [one.code for one in left_out(asked).values()] == [code]


def test_what_is_not_stated_is_missing_where_it_stands_in_the_way() -> None:
    unclear = case(grant=b.grant(purpose=replace(b.PURPOSE, kinds=frozenset())), pia=DISEASE_ONLY)
    assert consent(unclear).missing == ("purpose.kinds",)
    assert consent(case()).missing == ()


# Who else somebody is

LINKED, PARTED = b.snapshot(LINK), b.snapshot(replace(LINK, ended=START))


def test_who_is_linked_is_the_same_person_with_all_their_identities() -> None:
    found = joined(b.question(), LINKED)
    assert found.persons == {b.ADA, b.MEI}
    assert found.identities == b.question().identities | {(b.HOME, "mei"), (b.US, str(b.MEI))}
    assert joined(b.question(), PARTED) == b.question()
    nobody = b.question(person=None)
    assert joined(nobody, LINKED) is nobody


ANSWERS = (finding("A", person=b.ADA), finding("B", person=b.MEI))


def test_answers_are_by_the_human_beings_who_gave_them_however_long_ago_that_came_out() -> None:
    assert by_people(ANSWERS, b.snapshot()) is ANSWERS
    for known in (LINKED, PARTED):
        assert by_people(ANSWERS, known) == tuple(replace(one, person=b.ADA) for one in ANSWERS)
        assert joined(b.question(findings=ANSWERS), known).findings == by_people(ANSWERS, known)


# Another way of access


YES = evaluate(b.question(), b.snapshot())


@pytest.mark.parametrize("gate", Gate)
def test_a_milder_way_lifts_what_asks_for_the_way_and_nothing_else(gate: Gate) -> None:
    refused = replace(
        YES, gates=tuple(replace(one, outcome=Outcome.DENY) if one.gate is gate else one for one in YES.gates)
    )
    asks = {Gate.SAFEGUARDS, Gate.CONSENT, Gate.COMMUNITY, Gate.JURISDICTION, Gate.SECURITY}
    assert _may_be_milder(refused) is (gate in asks)
    assert _may_be_milder(YES)


APPROVE = b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None)
DEMANDING = b.dataset(security_level=3)
ROOM_FIRST = {"dataset": b.dataset(duo=BROAD_CODES), "pia": broad(12, "DUO:0000004"), "paul": None, "two": None}
IN_THE_US = replace(APPROVE, location="US", purpose=replace(b.PURPOSE, countries=frozenset({"US"})))
WAYS: list[tuple[str, Question, Snapshot, bool]] = [
    ("nothing against it", APPROVE, b.snapshot(), True),
    ("safeguards", APPROVE, b.snapshot(**ROOM_FIRST), False),
    ("security", APPROVE, b.snapshot(dataset=DEMANDING), False),
    ("the community", APPROVE, b.snapshot(decided(decision="refused")), False),
    ("the law", IN_THE_US, b.snapshot(organisation=US_STATE), False),
    ("participants", APPROVE, b.snapshot(pia=None, paul=None), False),
]


@pytest.mark.parametrize(("_what", "question", "snapshot", "is_open"), WAYS, ids=[one[0] for one in WAYS])
def test_a_way_is_open_where_nobody_whom_it_matters_to_refuses_it(
    _what: str, question: Question, snapshot: Snapshot, *, is_open: bool
) -> None:
    assert way_is_open(question, None, question.affiliations, snapshot) is is_open


# What an answer names


def gates(*found: tuple[Gate, Outcome]) -> Decision:
    made = tuple(GateResult(gate=one, outcome=outcome, reasons=()) for one, outcome in found)
    return replace(YES, gates=made, outcome=max(outcome for _, outcome in found))


def test_the_strictest_gate_is_told_first_and_of_equals_the_earlier() -> None:
    no = gates((Gate.CONDUCT, Outcome.REFER), (Gate.DUO, Outcome.PERMIT), (Gate.CONSENT, Outcome.DENY), (Gate.PURPOSE, Outcome.REFER))  # fmt: skip
    assert [one.gate for one in no.telling] == [Gate.CONSENT, Gate.PURPOSE, Gate.CONDUCT]
    yes = gates((Gate.CONSENT, Outcome.PERMIT), (Gate.DUO, Outcome.PERMIT), (Gate.CONDUCT, Outcome.PERMIT_WITH_OBLIGATIONS))  # fmt: skip
    assert [one.gate for one in yes.telling] == [Gate.CONDUCT, Gate.DUO, Gate.CONSENT]


def test_a_grant_may_rest_on_an_answer_until_the_first_gate_says_so() -> None:
    one, two, three = (YES.gates[0], YES.gates[1], YES.gates[2])
    made = (
        replace(one, until=Seconds(5), ends=Seconds(30)),
        replace(two, until=Seconds(20), ends=None),
        replace(three, until=FOREVER, ends=FOREVER),
    )
    assert replace(YES, gates=made).ends == 20
    assert replace(YES, gates=made[:1]).ends == 30
    assert replace(YES, gates=()).ends == YES.until


# What an institution had before

US_DATA, OF_CHINA = dataset(b.HEART, 60), b.organisation(facts=CHINA)
US_COUNT = "data.us_person_count_12m"
PHENOTYPE = dataset(MORE, 50, **{"data.category": "phenotype"})
UNCOUNTED = b.dataset(id=MORE)
YEAR_AGO = add_months(START, -12)
RECEIVED: list[tuple[Snapshot, int]] = [
    (b.snapshot(dataset(MORE, 50), had(), grant=None), 110),
    (b.snapshot(dataset(MORE, 50), had(ends=YEAR_AGO, begins=Seconds(0)), grant=None), 60),
    (b.snapshot(dataset(MORE, 50), had(ends=Seconds(YEAR_AGO + 1), begins=Seconds(0)), grant=None), 110),
    (b.snapshot(PHENOTYPE, had(), grant=None), 60),
    (b.snapshot(had(), grant=None), 60),
    (b.snapshot(UNCOUNTED, had(), grant=None), 60),
]


@pytest.mark.parametrize("n", range(len(RECEIVED)))
def test_of_other_data_of_the_category_those_of_a_year_count(n: int) -> None:
    snapshot, people = RECEIVED[n]
    assert with_received(US_DATA.facts, US_DATA, OF_CHINA, snapshot, START)[US_COUNT] == people  # type: ignore[attr-defined,arg-type]


def test_what_is_hidden_in_traces_begins_as_it_always_did() -> None:
    """Else the names in what was kept before would be shown no more."""
    assert HIDDEN == "~"
