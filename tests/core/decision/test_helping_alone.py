"""How a change is found, part by part: gates that are made up here, and steps of which some are to spare."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.case import Case, case_of
from broker.core.decision.entitlement import entitlements
from broker.core.decision.explanation.by_law import lawful_steps
from broker.core.decision.explanation.helping import (
    Change,
    _fewest,
    _Gate,
    _options,
    _sets,
    _size,
    _taken,
)
from broker.core.decision.explanation.steps import COMMUNITY_SAID_YES, Step
from broker.core.decision.gates.community import community
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.gates.terms import terms
from broker.core.decision.question import Question
from broker.core.decision.weighing import weighed
from broker.core.ids import GrantId
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.snapshot import Snapshot
from tests import builders as b
from tests.core.decision.test_evaluate import US_STATE
from tests.core.decision.test_gates_alone import case
from tests.core.decision.test_looked_up import looked_up

URL, COURSE = "https://t.example", "https://c.example"


def step(fact: str, value: Any, how: Any = "set", by: Any = "you") -> Step:
    return Step(fact=fact, how=how, value=value, by=by)


A, B, C, D = (step("fact", n) for n in range(4))
PAPER, MORE = step("evidence", ("a",), "add"), step("evidence", ("b",), "add")
TERMS, TRAINING = step("terms.accepted", URL, "add"), step("training", COURSE, "add", "institution")
ABROAD, HOME = step("recipient.individual_location", "CH"), step("recipient.individual_location", "DE")

# Sets of steps


def test_what_moves_one_gate_is_tried_for_all_then_something_for_each() -> None:
    assert list(_sets([[(A,), (B,)]])) == [(A,), (B,)]
    assert list(_sets([[(A,)], [(B,), (A,)]])) == [(A,), (B,), (A, B), (A,)]
    assert list(_sets([[(A, B)], [(B, C)]])) == [(A, B), (B, C), (A, B, C)]


def test_a_step_that_is_not_needed_is_left_out() -> None:
    assert _fewest((A, B, C), lambda steps: B in steps) == (B,)
    assert _fewest((A, B, C), lambda steps: {A, C} <= set(steps)) == (A, C)
    assert _fewest((A, B), lambda _: True) == (B,), "something must be done"
    assert _fewest((A, B), lambda _: False) == (A, B)


def test_fewer_steps_come_first_and_papers_before_anything_else() -> None:
    sets = [(PAPER,), (A,), (PAPER, MORE), (PAPER, A), (A, B), (PAPER, MORE, A)]
    sizes = [_size(Change(steps=steps, outcome=Outcome.PERMIT)) for steps in sets]
    assert sizes == [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 1)]


# One gate


def gate(said: Callable[[Case], list[str]], of: Gate = Gate.DUO, no: Outcome = Outcome.DENY) -> Any:
    """A gate that gives a reason for each thing that is said against the case."""

    def ask(case: Case) -> GateResult:
        found = said(case)
        reasons = (Reason(code="DUO-COMMERCIAL-USE"),) * len(found)
        return GateResult(gate=of, outcome=no if found else Outcome.PERMIT, reasons=reasons)

    return ask


def wanted(case: Case) -> Any:
    return case.purpose


BOTH = gate(lambda case: [name for name in ("commercial", "linkage") if getattr(wanted(case), name)])
EITHER = gate(lambda case: ["x"] if wanted(case).commercial and wanted(case).linkage else [])
ONE_AT_A_TIME = gate(lambda case: ["x"] if wanted(case).commercial or wanted(case).linkage else [])
ALONE = gate(lambda case: ["x"] if wanted(case).linkage else [])
THREE = gate(lambda case: [n for n in ("commercial", "linkage", "recontact") if getattr(wanted(case), n)])
NEVER = gate(lambda _: ["x"])
ASKED = replace(b.PURPOSE, commercial=True, linkage=True)


def no(name: str) -> Step:
    return step(f"purpose.{name}", value=False)


OPTIONS: list[tuple[Any, list[tuple[Step, ...]]]] = [
    (EITHER, [(no("commercial"),), (no("linkage"),)]),
    (ALONE, [(no("linkage"),)]),
    (BOTH, [(no("commercial"), no("linkage"))]),
    (ONE_AT_A_TIME, []),
    (NEVER, []),
]


@pytest.mark.parametrize("n", range(len(OPTIONS)))
def test_one_step_moves_a_gate_or_those_that_bring_it_nearer_do_together(n: int) -> None:
    ask, found = OPTIONS[n]
    asked = looked_up(ASKED)
    assert _options(ask, ask(asked), asked) == found


def test_a_milder_no_is_nearer_too_and_what_brings_nothing_nearer_is_not_told() -> None:
    def milder(case: Case) -> GateResult:
        left = wanted(case).commercial + wanted(case).linkage
        outcome = (Outcome.PERMIT, Outcome.REFER, Outcome.DENY)[left]
        return GateResult(gate=Gate.DUO, outcome=outcome, reasons=())

    asked = looked_up(replace(ASKED, recontact=True))
    assert _options(milder, milder(asked), asked) == [(no("commercial"), no("linkage"))]
    three = looked_up(replace(ASKED, recontact=True, duration_months=None))
    assert _options(THREE, THREE(three), three) == [(no("commercial"), no("linkage"), no("recontact"))]


def demanding(**world: Any) -> dict[str, Any]:
    return {"dataset": b.dataset(terms_of_use=URL, training=COURSE), **world}


RULES = "https://r.example/1"
REGISTERED = {"dataset": b.dataset(access="registered", registered_version=RULES), "grant": None}
BARE = b.dataset(safeguards=replace(b.SAFEGUARDS, raci=None, duties=()))
LOW = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.security_level": 1})


def case_for(of: Gate) -> Case:
    """Two things or more stand in the way of this gate."""
    match of:
        case Gate.ENTITLEMENT | Gate.PURPOSE:
            return case(asked={"grants": (), "purpose": b.PURPOSE}, **REGISTERED)
        case Gate.TERMS:
            return looked_up(world=demanding())
        case Gate.SAFEGUARDS:
            return looked_up(world={"dataset": BARE})
        case Gate.SECURITY:
            return looked_up(world={"dataset": b.dataset(security_level=2), "organisation": LOW})
        case _:
            return case(b.revocation("session:ses"), asked={"within": frozenset()})


def lacks(case: Case) -> bool:
    """Does one of them still stand in the way?"""
    question, dataset, organisation = case.question, case.dataset, case.organisation
    if question.within is not None:
        return question.session is not None or b.HEART not in question.within
    if dataset is not None and dataset.security_level is not None:
        return case.facts["recipient.security_level"] == 1 or organisation is None or not organisation.evidence
    if dataset is not None and (dataset.safeguards.raci is None or not dataset.safeguards.duties):
        return True
    safe = dataset is not None and dataset.safeguards.raci != b.SAFEGUARDS.raci
    return not safe and len(question.stated) < 2


@pytest.mark.parametrize(
    ("of", "facts"),
    [
        (Gate.ENTITLEMENT, ["terms.accepted", "researcher_status"]),
        (Gate.PURPOSE, ["terms.accepted", "researcher_status"]),
        (Gate.TERMS, ["terms.accepted", "training"]),
        (Gate.SAFEGUARDS, ["safeguards", "duties"]),
        (Gate.SECURITY, ["recipient.security_level", "evidence"]),
        (Gate.CONDUCT, ["sign_in", "task"]),
    ],
)
def test_of_a_gate_that_tells_one_thing_at_a_time_all_is_tried_together(of: Gate, facts: list[str]) -> None:
    ask, asked = gate(lambda case: ["x"] if lacks(case) else [], of), case_for(of)
    (steps,) = _options(ask, ask(asked), asked)
    assert [one.fact for one in steps] == facts


def test_without_a_purpose_all_is_tried_together_whatever_the_gate() -> None:
    asked = case(asked={"grants": ()}, **REGISTERED)
    assert asked.purpose is None
    ask = gate(lambda case: ["x"] if len(case.question.stated) < 2 else [], Gate.DUO)
    (steps,) = _options(ask, ask(asked), asked)
    assert [one.fact for one in steps] == ["terms.accepted", "researcher_status"]
    assert _options(jurisdiction, replace(jurisdiction(asked), outcome=Outcome.DENY), asked) == []


def test_the_law_is_asked_what_it_takes() -> None:
    asked = looked_up(replace(b.PURPOSE, countries=frozenset({"DE", "US"})), world={"organisation": US_STATE})
    assert lawful_steps(asked)
    assert _options(jurisdiction, jurisdiction(asked), asked) == lawful_steps(asked)


def test_what_nobody_can_take_moves_nothing() -> None:
    nowhere = looked_up(world={"dataset": None})
    assert _Gate(community, nowhere).after((COMMUNITY_SAID_YES,)) is None
    assert not _Gate(community, nowhere).permits_after((COMMUNITY_SAID_YES,))
    assert _options(community, replace(community(nowhere), outcome=Outcome.DENY), nowhere) == []
    assert _Gate(ALONE, looked_up(ASKED)).permits_after((no("linkage"),))
    assert not _Gate(ALONE, looked_up(ASKED)).permits_after((no("commercial"),))


def test_terms_and_training_are_told_together() -> None:
    asked = case(**demanding())
    assert _options(terms, terms(asked), asked) == [(TERMS, TRAINING)]


# The case once steps are taken


def using(*rows: Any, asked: dict[str, Any] | None = None, **world: Any) -> tuple[Question, Snapshot, Case]:
    question, snapshot = b.question(**(asked or {})), b.snapshot(*rows, **world)
    return question, snapshot, of(question, snapshot)


def of(question: Question, snapshot: Snapshot) -> Case:
    visas = weighed(question, snapshot)
    return case_of(question, next(iter(entitlements(question, visas, snapshot)), None), visas, snapshot)


OTHER = b.grant(id=GrantId("grt_2"), purpose=replace(b.PURPOSE, project="p2"))


def test_under_which_grant_the_case_is_then() -> None:
    *_, under = using(OTHER)
    assert under.held is not None
    assert _taken([HOME], under).held is under.held, "nothing about grants has changed"
    other = _taken([step("grant", "grt_2")], under)
    assert other.held is not None
    assert other.held.id == "grt_2"
    assert _taken([step("grant", "grt_2"), HOME], under).held == other.held
    *_, none = using(asked={"grants": ()})
    assert none.held is None
    assert _taken([HOME], none).held is None
    shown = _taken([step("grant", "grt_1")], none)
    assert shown.held is not None
    asked_for = _taken([step("request", "p1", "add")], under)
    assert (asked_for.held, asked_for.question.stage) == (None, "foresee")


def test_evidence_is_that_of_the_organisation_they_act_for() -> None:
    found = _taken([step("evidence", ("new",), "add", "institution")], looked_up())
    assert found.organisation is not None
    assert [one.id for one in found.organisation.evidence] == ["new"]
