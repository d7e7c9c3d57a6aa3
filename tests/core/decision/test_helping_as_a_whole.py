"""Changes that are told, evaluated as a whole: which of them, in which order, without a step to spare, and when none."""

from dataclasses import replace
from typing import Any

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.consent.model import Scope
from broker.core.decision import evaluate
from broker.core.decision.case import Case
from broker.core.decision.explanation.helping import (
    Change,
    _least,
    _outcome,
    helpful,
)
from broker.core.decision.explanation.steps import Step
from broker.core.decision.question import Decision, Question
from broker.core.ids import GrantId, SubjectRef
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Gate, Outcome
from broker.core.rows import ConsentRow
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from tests import builders as b
from tests.core.decision.test_evaluate import withdrawn
from tests.core.decision.test_gate_parts import RHINE
from tests.core.decision.test_helping_alone import ABROAD, HOME, OTHER, TERMS, URL, no, of, step, using
from tests.core.decision.test_what_gates_say import LATE
from tests.fakes import START


def law_alone(snapshot: Snapshot) -> Snapshot:
    """Under the one pack that asks for nothing at home, and for care abroad."""
    book = rulebook([one for one in load_packs(b.CONFIG / "policies") if one.id == "eu-gdpr-ch5"], "example")
    assert isinstance(book, Rulebook)
    return replace(snapshot, rulebook=book)


def refused(*rows: Any, **world: Any) -> tuple[Decision, Case]:
    snapshot = law_alone(b.snapshot(*rows, **world))
    return evaluate(b.question(), snapshot), of(b.question(), snapshot)


FREE = b.codes("DUO:0000042")
ASKS = {"dataset": b.dataset(terms_of_use=URL, duo=FREE)}


def test_what_is_told_is_what_comes_of_the_steps_that_are_told() -> None:
    """Working abroad would oblige to more than what is left once that step was found to be to spare."""
    decision, asked = refused(**ASKS)
    assert _outcome((TERMS,), decision, asked) is Outcome.PERMIT
    assert _outcome((ABROAD, TERMS), decision, asked) is Outcome.PERMIT_WITH_OBLIGATIONS
    (change,) = _least([(ABROAD, TERMS)], decision, asked, whole=False)
    assert change == Change(steps=(TERMS,), outcome=Outcome.PERMIT)
    (change,) = _least([(ABROAD, TERMS)], decision, asked, whole=True)
    assert change == Change(steps=(ABROAD, TERMS), outcome=Outcome.PERMIT_WITH_OBLIGATIONS)
    assert _outcome((ABROAD,), decision, asked) is None
    assert _least([(ABROAD,)], decision, asked, whole=False) == ()


def test_a_dozen_sets_are_tried_and_three_changes_told_the_smallest_first() -> None:
    decision, asked = refused(**ASKS)
    assert _least([(ABROAD,)] * 11 + [(TERMS,)], decision, asked, whole=True) != ()
    assert _least([(ABROAD,)] * 12 + [(TERMS,)], decision, asked, whole=True) == ()
    seals = step("sealed", value=True)
    sets = [(HOME, TERMS, seals), (TERMS, seals), (HOME, TERMS), (TERMS,)]
    told = _least(sets, decision, asked, whole=True)
    assert [one.steps for one in told] == [(TERMS, seals), (HOME, TERMS), (HOME, TERMS, seals)]
    told = _least([(TERMS,), (TERMS, seals), (HOME, TERMS)], decision, asked, whole=True)
    assert [one.steps for one in told] == [(TERMS,)], "what holds one that is told is no other change"
    (change,) = _least([(TERMS, seals), (seals, TERMS)], decision, asked, whole=True)
    assert change.steps == (TERMS, seals)


def on_commerce(ref: SubjectRef, answer: str) -> ConsentRow:
    return b.consent(ref, scope=Scope(permissions=FREE, answers={"commercial_use": answer}))


NCU = b.dataset(duo=b.codes("DUO:0000042", "NCU"))


def test_codes_and_consents_are_asked_again_where_the_purpose_or_the_grant_is_another() -> None:
    sold = replace(b.PURPOSE, commercial=True, project="p9")
    question = b.question(stage="foresee", purpose=sold, grants=(), object=None)
    world = b.snapshot(dataset=NCU)
    decision, asked = evaluate(question, world), of(question, world)
    assert not decision.permits
    assert _outcome((no("commercial"),), decision, asked) is not None
    assert _outcome((no("commercial"), step("sealed", value=True)), decision, asked) is not None
    assert _outcome((HOME,), decision, asked) is None
    bought = b.grant(purpose=replace(b.PURPOSE, commercial=True))
    worlds = b.snapshot(OTHER, dataset=NCU, grant=bought)
    decision, asked = evaluate(b.question(), worlds), of(b.question(), worlds)
    assert not decision.permits
    assert _outcome((step("grant", "grt_2"),), decision, asked) is not None


def test_codes_are_asked_again_where_somebody_works_from_elsewhere() -> None:
    near = b.dataset(duo=b.codes("DUO:0000042", {"code": "GS", "regions": ["DE"]}))
    question, snapshot, asked = using(asked={"location": "FR"}, dataset=near)
    decision = evaluate(question, snapshot)
    assert [one.gate for one in decision.gates if not one.outcome.permits] == [Gate.DUO]
    assert _outcome((HOME,), decision, asked) is not None


def helped(question: Question, snapshot: Snapshot) -> list[tuple[Step, ...]]:
    decision = evaluate(question, snapshot)
    assert len([one for one in decision.gates if not one.outcome.permits]) > 1
    return [one.steps for one in helpful(question, decision, of(question, snapshot))]


def test_of_steps_for_several_gates_those_that_another_makes_needless_are_left_out() -> None:
    """Nothing is late under the other grant: what is late under this one need not be done for it."""
    question = b.question(purpose=OTHER.purpose, grant=b.GRANT)
    world = b.snapshot(OTHER, dataset=b.dataset(terms_of_use=URL), grant=b.grant(obligations=(LATE,)))
    asks, done = step("request", "p2", "add"), step("obligation", "obl_1")
    assert helped(question, world) == [(TERMS, step("grant", "grt_2")), (TERMS, asks, done)]


def test_of_steps_for_one_gate_those_that_the_step_for_another_makes_needless_are_left_out() -> None:
    """Who works at home again needs no duties for a grant abroad."""
    bare = replace(b.SAFEGUARDS, raci=None, duties=())
    near = b.dataset(duo=b.codes("DUO:0000042", {"code": "GS", "regions": ["DE"]}), safeguards=bare)
    question = b.question(stage="approve", purpose=b.PURPOSE, grants=(), object=None, location="FR")
    recorded = step("safeguards", ("safeguards.raci",), "add", "custodian")
    assert helped(question, b.snapshot(dataset=near)) == [(recorded, HOME)]


def test_where_one_gate_cannot_be_moved_nothing_is_told_though_another_s_step_would_move_it_too() -> None:
    """Nobody whose institution is suspended is told to use another institution's grant."""
    rows = (b.organisation(id="cologne", scopes=frozenset({"cologne.example"})), OTHER)
    asked = {
        "affiliations": ("faculty@cologne.example",), "purpose": OTHER.purpose, "grants": (b.GRANT,), "grant": b.GRANT,
    }  # fmt: skip
    world = {"grant": b.grant(affiliations=("staff@rhine.example",))}
    question, snapshot = b.question(**asked), b.snapshot(*rows, **world)
    told = helpful(question, evaluate(question, snapshot), of(question, snapshot))
    assert told[0].steps == (step("grant", "grt_2"),)
    suspended = b.snapshot(*rows, RHINE, **world)
    assert helped(question, suspended) == []
    then = replace(question, grants=(b.GRANT, OTHER.id), grant=OTHER.id)
    assert evaluate(then, suspended).permits


@pytest.mark.row("EXP-SECRET")
def test_beside_a_participant_s_no_nothing_is_told_that_would_help() -> None:
    sold = replace(b.PURPOSE, commercial=True)
    question = b.question(stage="approve", purpose=sold, grants=(), object=None)
    raci = replace(b.SAFEGUARDS, raci=None)
    for dataset, code in ((NCU, "purpose.commercial"), (b.dataset(duo=FREE, safeguards=raci), "safeguards")):
        agreed = b.snapshot(dataset=dataset, pia=on_commerce(b.PIA, "permit"), paul=on_commerce(b.PAUL, "permit"))
        told = helpful(question, evaluate(question, agreed), of(question, agreed))
        assert [[one.fact for one in change.steps] for change in told] == [[code]]
        against = b.snapshot(dataset=dataset, pia=on_commerce(b.PIA, "deny"), paul=on_commerce(b.PAUL, "deny"))
        assert helped(question, against) == []


def test_where_participants_say_no_nothing_is_told() -> None:
    def told(question: Question, snapshot: Snapshot) -> tuple[Change, ...]:
        return helpful(question, evaluate(question, snapshot), of(question, snapshot))

    terms_too = {"dataset": b.dataset(terms_of_use=URL)}
    assert [one.steps for one in told(b.question(), b.snapshot(**terms_too))] == [(TERMS,)]
    assert told(b.question(), b.snapshot(withdrawn(0), **terms_too)) == ()
    assert told(b.question(), b.snapshot()) == (), "a yes needs no change"
    assert [one.steps for one in told(b.question(grants=()), b.snapshot())] == [
        (step("grant", "grt_1"),), (step("request", "p1", "add"),),
    ]  # fmt: skip
    with_no_way = {"dataset": b.dataset(terms_of_use=URL), "grant": None}
    assert told(b.question(grants=()), b.snapshot(**with_no_way)) == ()


def test_an_answer_that_not_every_gate_gave_is_not_helped() -> None:
    question, snapshot, asked = using(dataset=b.dataset(terms_of_use=URL))
    decision = evaluate(question, snapshot)
    assert helpful(question, decision, asked) != ()
    assert helpful(question, replace(decision, gates=decision.gates[:-1]), asked) == ()


def test_three_grants_of_several_are_told() -> None:
    later = [b.grant(id=GrantId(f"g{n}"), ends=Seconds(START + 9 + n)) for n in range(3)]
    question, snapshot, asked = using(*later, asked={"grants": ()})
    told = helpful(question, evaluate(question, snapshot), asked)
    assert [[one.fact for one in change.steps] for change in told] == [["grant"]] * 3
