"""Answers to open questions count for what they answered, from whom may answer, until their date; nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision import evaluate
from broker.core.decision.answering import findings_for
from broker.core.outcome import Outcome
from broker.core.purpose import Kind
from broker.core.rows import Grant
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

METHODS = replace(b.PURPOSE, kinds=frozenset({Kind.METHODS}))
ASKED = b.question(stage="approve", purpose=METHODS, grants=(), object=None, modality=METHODS.modality)
OPEN = "DUO-METHODS-HEALTH-UNSTATED"


def open_codes() -> list[str]:
    decision = evaluate(ASKED, b.snapshot())
    assert decision.outcome is Outcome.REFER
    return [reason.code for reason in decision.reasons if reason.code.startswith("DUO-")]


def answers(role: str = "committee_member", ground: str = "They work on the heart.") -> Any:
    return findings_for(ASKED, b.snapshot(), dict.fromkeys(open_codes(), ground), role=role, by=b.MEI)


def granted(**changes: Any) -> Grant:
    return b.grant(purpose=METHODS, findings=tuple(replace(one, **changes) for one in answers()))


def used(grant: Grant, **changes: Any) -> Outcome:
    return evaluate(b.question(**changes), b.snapshot(grant=grant)).outcome


def test_what_the_committee_answered_is_met_with_an_obligation() -> None:
    decision = evaluate(replace(ASKED, findings=answers()), b.snapshot())
    assert decision.permits
    assert any(one.startswith("keep_to_finding:") for one in decision.obligations)


def test_the_grant_carries_the_answer() -> None:
    assert used(granted()) is Outcome.PERMIT_WITH_OBLIGATIONS


@pytest.mark.parametrize("role", ["researcher", "legal_officer", "ethics_committee", "admin"])
def test_only_who_may_answer_answers(role: str) -> None:
    assert answers(role) == ()


def test_an_answer_without_a_ground_is_none() -> None:
    assert answers(ground="  ") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": "0" * 64},
        {"project": "p2"},
        {"dataset": "https://bank.example/other"},
        {"code": "DUO-OTHER"},
        {"ends": START},
        {"begins": Seconds(START + 1)},
    ],
    ids=str,
)
def test_an_answer_to_something_else_leaves_the_question_open(change: dict[str, Any]) -> None:
    assert used(granted(**change)) is Outcome.REFER


def test_other_codes_on_the_dataset_open_the_question_again() -> None:
    changed = b.dataset(duo=b.codes("DUO:0000006", "DUO:0000046", "DUO:0000019"))
    assert not evaluate(b.question(), b.snapshot(grant=granted(), dataset=changed)).permits


def test_nobody_answers_a_deny() -> None:
    forbidden = replace(ASKED, purpose=replace(b.PURPOSE, commercial=True))
    given = findings_for(
        forbidden, b.snapshot(), {"DUO-COMMERCIAL-USE": "We want it."}, role="committee_member", by=b.MEI
    )
    assert given == ()
    assert evaluate(replace(forbidden, findings=answers()), b.snapshot()).outcome is Outcome.DENY


def test_an_answer_ends_the_decision_with_it() -> None:
    ends = Seconds(START + 60)
    assert evaluate(b.question(), b.snapshot(grant=granted(ends=ends))).until == ends
