"""One step at a time: what is different once it has been taken, and nothing else; and who cannot take it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from broker.core.decision.explanation.recorded import with_duties, with_safeguards
from broker.core.decision.explanation.steps import COMMUNITY_SAID_YES, LEVEL, Step, applied, own_grants
from broker.core.decision.question import Question
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.passport.assertions import Stated
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.purpose import Agreements, Kind, Modality
from broker.core.rows import Dataset, Evidence, Grant, Organisation
from broker.core.rows.assurance import Demand, SignIn
from broker.core.rows.obligations import Obligation
from broker.core.rows.safeguards import (
    ApprovedPolicy,
    Duty,
    Embargo,
    Engagement,
    Notice,
    Raci,
    Responsible,
    Safeguards,
    Sustainability,
)
from broker.core.safeguards import CLASSES
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.fakes import START

WORLD = b.snapshot()
ASKING = b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None)


def step(fact: str, value: Any, how: Any = "set", by: Any = "you") -> Step:
    return Step(fact=fact, how=how, value=value, by=by)


def after(made: Step, question: Question = ASKING, of: str | None = "rhine", **world: Any) -> Any:
    return applied([made], question, b.snapshot(**world), of)


# The purpose

WIDE = replace(b.PURPOSE, diseases=frozenset({"a", "b"}), kinds=frozenset({Kind.HMB, Kind.ANCESTRY}))
LATER = date(2027, 3, 1)
NARROWED: list[tuple[Step, dict[str, Any]]] = [
    (step("purpose.commercial", value=True), {"commercial": True}),
    (step("purpose.duration_months", 6), {"duration_months": 6}),
    (step("purpose.evidence.ethics_approval", "verified"), {"ethics_approval": "verified"}),
    (
        step("purpose.agreements.publish", value=False),
        {"agreements": Agreements(publish=False, return_data=True)},
    ),
    (
        step("purpose.agreements.no_publication_before", "2027-03-01"),
        {"agreements": replace(b.PURPOSE.agreements, no_publication_before=LATER)},
    ),
    (step("purpose.kinds", ("hmb",), "remove"), {"kinds": frozenset({Kind.ANCESTRY})}),
    (step("purpose.kinds", ("methods",), "add"), {"kinds": frozenset({Kind.HMB, Kind.ANCESTRY, Kind.METHODS})}),
    (step("purpose.kinds", ("methods",)), {"kinds": frozenset({Kind.METHODS})}),
    (step("purpose.diseases", ("b",), "remove"), {"diseases": frozenset({"a"})}),
    (step("purpose.diseases", ("c",), "add"), {"diseases": frozenset({"a", "b", "c"})}),
    (step("purpose.countries", ("CH",)), {"countries": frozenset({"CH"})}),
]


@pytest.mark.parametrize(("made", "wanted"), NARROWED, ids=map(str, range(len(NARROWED))))
def test_a_purpose_is_narrowed_in_one_member(made: Step, wanted: dict[str, Any]) -> None:
    asked = replace(ASKING, purpose=WIDE)
    question, snapshot = applied([made], asked, WORLD, "rhine")
    assert question == replace(asked, purpose=replace(WIDE, **wanted))
    assert question.purpose is not None
    assert {type(kind) for kind in question.purpose.kinds or ()} == {Kind}
    assert snapshot is WORLD
    with pytest.raises(ValueError, match="no purpose to change"):
        after(made, replace(ASKING, purpose=None))


# The question


def said(type: str, value: str, by: str) -> Stated:
    return Stated(type=type, value=value, source=value, by=by, asserted=START, ends=FOREVER)


BEFORE = said(TERMS, "https://t.example/0", "self")
OF_QUESTION: list[tuple[Step, dict[str, Any], dict[str, Any]]] = [
    (step("recipient.individual_location", "CH"), {}, {"location": "CH"}),
    (step("terms.accepted", "t", "add"), {}, {"stated": (said(TERMS, "t", "self"),)}),
    (step("terms.accepted", "t", "add"), {"stated": (BEFORE,)}, {"stated": (BEFORE, said(TERMS, "t", "self"))}),
    (step("training", "c", "add"), {"stated": (BEFORE,)}, {"stated": (BEFORE, said("TrainingCompleted", "c", "so"))}),
    (step("researcher_status", "r", "add"), {"stated": (BEFORE,)}, {"stated": (BEFORE, said(RESEARCHER, "r", "so"))}),
    (step("grant", "g"), {"grants": (b.GRANT,)}, {"grants": (b.GRANT, GrantId("g")), "grant": "g"}),
    (step("task", b.HEART), {}, {}),
    (step("task", b.HEART), {"within": frozenset()}, {"within": frozenset({b.HEART})}),
    (
        step("task", b.HEART),
        {"within": frozenset({DatasetId("x")})},
        {"within": frozenset({DatasetId("x"), b.HEART})},
    ),
    (step("sealed", value=True), {}, {"sealed": True}),
]


@pytest.mark.parametrize(("made", "asked", "wanted"), OF_QUESTION, ids=map(str, range(len(OF_QUESTION))))
def test_the_question_is_another_in_what_the_step_says(
    made: Step, asked: dict[str, Any], wanted: dict[str, Any]
) -> None:
    before = replace(ASKING, **asked)
    question, snapshot = applied([made], before, WORLD, "rhine")
    assert question == replace(before, **wanted)
    assert snapshot is WORLD


SIGNED_IN: list[tuple[Demand | None, tuple[str | None, tuple[str, ...]]]] = [
    (None, (None, ())),
    (Demand(max_age=60), (None, ())),
    (Demand(acr=("refeds", "other"), amr=("mfa", "pin")), ("refeds", ("mfa", "pin"))),
]


@pytest.mark.parametrize(("demand", "wanted"), SIGNED_IN, ids=map(str, range(3)))
def test_after_a_new_sign_in_nothing_of_before_counts(demand: Demand | None, wanted: Any) -> None:
    asked = replace(ASKING, access="tok", rests_on=("key:1",))
    question, _ = after(step("sign_in", "again"), asked, dataset=b.dataset(assurance=demand))
    new = SignIn(acr=wanted[0], amr=wanted[1], at=START)
    assert question == replace(asked, sign_in=new, session=None, family=None, access=None, rests_on=())
    assert after(step("sign_in", "again"), asked, dataset=None)[0].sign_in == SignIn(acr=None, amr=(), at=START)


OTHER_PURPOSE = replace(b.PURPOSE, project="p2")
USING = b.question(modality=Modality.STREAM, grant="grt_9")


@pytest.mark.parametrize(
    ("asked", "project", "purpose"),
    [
        ({}, "p1", b.PURPOSE),
        ({"purpose": OTHER_PURPOSE}, "p2", OTHER_PURPOSE),
        ({"purpose": OTHER_PURPOSE}, "p1", b.PURPOSE),
        ({"purpose": replace(b.PURPOSE, commercial=True)}, "p1", replace(b.PURPOSE, commercial=True)),
    ],
    ids=map(str, range(4)),
)
def test_a_grant_is_asked_for_beforehand_for_what_is_stated_or_was_approved(
    asked: dict[str, Any], project: str, purpose: Any
) -> None:
    question, _ = after(step("request", project, "add"), replace(USING, **asked))
    wanted = replace(purpose, modality=Modality.STREAM)
    assert question == replace(USING, **asked | {"stage": "foresee", "purpose": wanted, "grant": None})
    with pytest.raises(ValueError, match="no purpose to ask for"):
        after(step("request", "p3", "add"), replace(USING, **asked))


def test_of_grants_those_of_all_their_identities_are_theirs_and_the_latest_end_comes_first() -> None:
    def held(id: str, person: PersonId, ends: int, **more: Any) -> Grant:
        return b.grant(id=GrantId(id), person=person, ends=Seconds(ends), **more)

    rows = [
        held("g1", b.ADA, 50), held("g3", b.ADA, 90), held("g2", b.MEI, 90), held("g5", b.MEI, 90),
        held("g0", PersonId("usr_eve"), 99), held("g4", b.ADA, 99, dataset=DatasetId("x")),
    ]  # fmt: skip
    world = b.snapshot(*rows, grant=None)
    assert [one.id for one in own_grants(b.question(persons=frozenset({b.ADA, b.MEI})), world)] == [
        "g2",
        "g3",
        "g5",
        "g1",
    ]
    assert [one.id for one in own_grants(b.question(), world)] == ["g3", "g1"]
    assert own_grants(b.question(person=None), world) == ()


# Rows


def changed(made: Step, **world: Any) -> dict[str, Any]:
    """Which rows are others, by what they are."""
    question, snapshot = after(made, **world)
    assert question == ASKING
    before = b.snapshot(**world)

    def row(kind: Any, id: str, of: Snapshot) -> Any:
        return of.get(kind, id)

    keys: list[tuple[Any, str]] = [(Organisation, "rhine"), (Dataset, b.HEART), (Grant, b.GRANT)]
    found = {kind.__name__: (row(kind, id, before), row(kind, id, snapshot)) for kind, id in keys}
    return {name: new for name, (old, new) in found.items() if old != new}


OF_RHINE, OF_HEART = b.organisation(), b.dataset()
OLD, NEW = Evidence(id="old"), Evidence(id="new")
ROWS: list[tuple[Step, dict[str, Any], dict[str, Any]]] = [
    (
        step("evidence", ("new",), "add", "institution"),
        {"organisation": replace(OF_RHINE, evidence=(OLD,))},
        {"Organisation": replace(OF_RHINE, evidence=(OLD, NEW))},
    ),
    (step("evidence", "new", "add"), {}, {"Organisation": replace(OF_RHINE, evidence=(NEW,))}),
    (
        step("evidence", ("new", "old"), "add", "community"),
        {"dataset": replace(OF_HEART, evidence=(OLD,))},
        {"Dataset": replace(OF_HEART, evidence=(OLD, NEW, OLD))},
    ),
    (step("evidence", ("new",), "add", "custodian"), {}, {"Dataset": replace(OF_HEART, evidence=(NEW,))}),
    (COMMUNITY_SAID_YES, {}, {"Dataset": replace(OF_HEART, evidence=(Evidence(id="community.approved"),))}),
    (
        step("recourse", "treaty", "add", "institution"),
        {},
        {"Organisation": replace(OF_RHINE, recourse=("contract", "treaty"))},
    ),
    (
        step("data.category", "phenotype", "set", "custodian"),
        {},
        {"Dataset": replace(OF_HEART, facts={**b.DATA_FACTS, "data.category": "phenotype"})},
    ),
    (
        step("safeguards", ("safeguards.custodian",), "add", "custodian"),
        {"dataset": replace(OF_HEART, safeguards=replace(b.SAFEGUARDS, custodian=None))},
        {"Dataset": replace(OF_HEART, safeguards=replace(b.SAFEGUARDS, custodian="to be recorded"))},
    ),
    (
        step("safeguards", ("safeguards.raci", "access"), "add", "institution"),
        {"dataset": replace(OF_HEART, access="registered")},
        {"Dataset": with_safeguards(OF_HEART, ["safeguards.raci"], date(2027, 1, 15))},
    ),
    (
        step("duties", ("protect", "respect", "other"), "add", "institution"),
        {},
        {"Dataset": with_duties(OF_HEART, ["respect", "protect"])},
    ),
]


@pytest.mark.parametrize(("made", "world", "wanted"), ROWS, ids=map(str, range(len(ROWS))))
def test_a_row_is_another_whose_fact_it_is(made: Step, world: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert changed(made, **world) == wanted


@pytest.mark.parametrize(
    ("made", "organisation", "world"),
    [
        (step("evidence", ("new",), "add", "institution"), None, {}),
        (step("recipient.can_sign_scc", value=True), None, {}),
        (step("evidence", ("new",), "add", "institution"), "nobody", {}),
        (step("evidence", ("new",), "add", "community"), "rhine", {"dataset": None}),
        (step("safeguards", ("access",), "add", "institution"), "rhine", {"dataset": None}),
    ],
    ids=map(str, range(5)),
)
def test_where_nobody_is_whose_fact_it_could_be_the_step_cannot_be_taken(
    made: Step, organisation: str | None, world: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=rf"{made.fact}: nobody whose fact it could be"):
        after(made, ASKING, organisation, **world)


def test_a_duty_is_recorded_as_done_once() -> None:
    owed = Obligation(id="one", cls="account", text="t", holder="researcher", late="stop", due=START)
    duties = (owed, replace(owed, id="two"), replace(owed, at=Seconds(5)))
    done = (replace(owed, at=START), *duties[1:])
    made = step("obligation", "one")
    assert changed(made, grant=b.grant(obligations=duties)) == {"Grant": b.grant(obligations=done)}
    assert changed(made, grant=b.grant(obligations=duties, person=b.MEI)) == {}
    assert changed(made, grant=b.grant(obligations=duties), dataset=None) == {"Grant": b.grant(obligations=done)}


def test_a_community_s_yes_is_its_own_and_comes_to_what_is_there() -> None:
    assert step("evidence", ("community.approved",), "add", "community") == COMMUNITY_SAID_YES


def test_a_level_is_a_fact_of_the_organisation() -> None:
    (shown,) = changed(step(LEVEL, 4, "set", "institution")).values()
    assert shown == replace(OF_RHINE, facts={**b.RECIPIENT_FACTS, "recipient.security_level": 4})


def test_steps_are_taken_one_after_the_other() -> None:
    made = [step("purpose.commercial", value=True), step("evidence", ("new",), "add"), step("sealed", value=True)]
    question, snapshot = applied(made, ASKING, b.snapshot(), "rhine")
    assert question == replace(ASKING, purpose=replace(b.PURPOSE, commercial=True), sealed=True)
    assert snapshot.get(Organisation, "rhine") == replace(OF_RHINE, evidence=(NEW,))


# What a data holder puts on record

TODAY, TO_COME = date(2027, 1, 15), "to be recorded"
RECORDED: dict[str, Any] = {
    "responsible": Responsible(role=TO_COME, contact=TO_COME),
    "governance": TO_COME,
    "custodian": TO_COME,
    "return_of_results": ApprovedPolicy(approval=TO_COME, on=TODAY, version=TO_COME),
    "benefit_sharing": TO_COME,
    "sustainability": Sustainability(funder=TO_COME, until=TODAY, then=TO_COME),
    "raci": Raci(responsible=TO_COME, accountable=TO_COME, consulted=TO_COME, informed=TO_COME),
    "public_notice": Notice(url=TO_COME, on=TODAY),
    "engagements": (Engagement(on=TODAY, who=TO_COME, summary=TO_COME),),
}
NOTHING = b.dataset(safeguards=Safeguards())
DELAY = Embargo(declared=TODAY, until=TODAY)


@pytest.mark.parametrize("name", RECORDED)
def test_each_safeguard_is_put_on_record_alone(name: str) -> None:
    found = with_safeguards(NOTHING, [f"safeguards.{name}"], TODAY)
    assert found == replace(NOTHING, safeguards=Safeguards(**{name: RECORDED[name]}))


def test_all_of_them_are_put_on_record_together_and_so_is_what_stands_elsewhere() -> None:
    found = with_safeguards(NOTHING, [f"safeguards.{name}" for name in RECORDED], TODAY)
    assert found == replace(NOTHING, safeguards=Safeguards(**RECORDED))
    opened = b.dataset(access="open")
    assert with_safeguards(opened, ["access"], TODAY) == b.dataset()
    certified = replace(b.dataset().certificate, ethics_ref=TO_COME)
    assert with_safeguards(b.dataset(), ["certificate.ethics_ref"], TODAY) == b.dataset(certificate=certified)
    delayed = b.dataset(safeguards=replace(b.SAFEGUARDS, embargo=DELAY))
    told = replace(b.SAFEGUARDS, embargo=replace(DELAY, reason=TO_COME))
    assert with_safeguards(delayed, ["safeguards.embargo.reason"], TODAY) == b.dataset(safeguards=told)
    assert with_safeguards(b.dataset(), [], TODAY) == b.dataset()


@pytest.mark.parametrize(
    "member", ["raci", "other.raci", "safeguards.other", "safeguards.duties", "safeguards.embargo.reason", ""]
)
def test_what_no_data_holder_puts_on_record_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match="nothing that a data holder puts on record"):
        with_safeguards(b.dataset(), ["access", member], TODAY)


def test_duties_come_to_those_that_are_there_one_for_each_class() -> None:
    first = b.SAFEGUARDS.duties[:1]
    few = b.dataset(safeguards=replace(b.SAFEGUARDS, duties=first))
    found = with_duties(few, CLASSES[2:])
    new = tuple(Duty(id=f"to_come.{one}", cls=one, text=TO_COME, holder=TO_COME) for one in CLASSES[2:])
    assert found == replace(few, safeguards=replace(b.SAFEGUARDS, duties=(*first, *new)))
