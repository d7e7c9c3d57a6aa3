"""What the law would take, as steps: who makes each, for which question it can be made, and which of two asks for less."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.decision.explanation.by_law import _least, _papers, _step, _steps, lawful_steps
from broker.core.decision.explanation.steps import COMMUNITY_SAID_YES, Step
from broker.core.jurisdiction.fixes import Change
from tests import builders as b
from tests.core.decision.test_evaluate import US_STATE
from tests.core.decision.test_looked_up import looked_up

APPROVE, NO_PURPOSE, NOBODY = looked_up(), looked_up(None), looked_up(world={"organisation": None})
USE = replace(APPROVE, question=replace(APPROVE.question, stage="use"))


def change(fact: str, value: Any = None, *add: str) -> Change:
    return Change(fact=fact, value=value, add=add)


def step(fact: str, value: Any, by: Any = "you", how: Any = "set") -> Step:
    return Step(fact=fact, how=how, value=value, by=by)


PLACE, AI_USE = change("request.processing_country", "CH"), change("request.ai_use", "none")
SITTING, SIGNS = change("recipient.individual_location", "CH"), change("recipient.can_sign_scc", value=True)
MADE: list[tuple[Change, Any, list[Step]]] = [
    (PLACE, APPROVE, [step("purpose.countries", ("CH",))]),
    (PLACE, USE, []),
    (PLACE, NO_PURPOSE, []),
    (AI_USE, APPROVE, [step("purpose.ai_use", "none")]),
    (AI_USE, USE, []),
    (AI_USE, NO_PURPOSE, []),
    (SITTING, APPROVE, [step("recipient.individual_location", "CH")]),
    (SITTING, USE, [step("recipient.individual_location", "CH")]),
    (SITTING, NOBODY, [step("recipient.individual_location", "CH")]),
    (SIGNS, APPROVE, [step("recipient.can_sign_scc", value=True, by="institution")]),
    (SIGNS, USE, [step("recipient.can_sign_scc", value=True, by="institution")]),
    (SIGNS, NOBODY, []),
    (change("request.modality", "tre_remote"), APPROVE, []),
    (change("request.consideration", "none"), APPROVE, []),
    (change("evidence", (), "scc.signed"), APPROVE, [step("evidence", ("scc.signed",), "institution", "add")]),
]


@pytest.mark.parametrize("n", range(len(MADE)))
def test_a_change_is_a_step_where_somebody_can_make_it(n: int) -> None:
    of, case, wanted = MADE[n]
    assert list(_step(of, case)) == wanted
    assert _steps([of], case) == (tuple(wanted) or None)
    assert _steps([SITTING, of], case) == ((*_step(SITTING, case), *wanted) if wanted else None)


def add(by: str, *papers: str) -> Step:
    return step("evidence", papers, by, "add")


SIGNED, TESTED, ASKED, TOLD = "scc.signed", "tia.positive", "explicit_consent.art49", "pipl.separate_consent"
PAPERS: list[tuple[tuple[str, ...], Any, list[Step]]] = [
    ((SIGNED, TESTED), APPROVE, [add("institution", SIGNED, TESTED)]),
    ((SIGNED,), NOBODY, []),
    ((ASKED, TOLD), APPROVE, [add("custodian", ASKED, TOLD)]),
    ((ASKED, TOLD), NOBODY, [add("custodian", ASKED, TOLD)]),
    ((TOLD,), APPROVE, [add("custodian", TOLD)]),
    (("community.approved",), APPROVE, [COMMUNITY_SAID_YES]),
    (("community.approved",), NOBODY, [COMMUNITY_SAID_YES]),
    (
        (SIGNED, "community.approved", ASKED),
        APPROVE,
        [COMMUNITY_SAID_YES, add("institution", SIGNED), add("custodian", ASKED)],
    ),
    (("community.approved", ASKED, SIGNED), NOBODY, []),
]


@pytest.mark.parametrize(("wanted", "case", "steps"), PAPERS, ids=map(str, range(len(PAPERS))))
def test_each_paper_is_asked_of_who_can_bring_it(wanted: tuple[str, ...], case: Any, steps: list[Step]) -> None:
    assert list(_papers(wanted, case)) == steps


ONE, TWO, THREE, OTHER = step("level", 1), step("level", 2), step("level", 3), step("size", 2)
YES, NO = step("level", value=True), step("level", value=False)


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ([(ONE,), (TWO,), (OTHER,), (THREE,)], [(ONE,), (OTHER,)]),
        ([(ONE,), (TWO, SIGNED)], [(ONE,), (TWO, SIGNED)]),
        ([(OTHER, ONE), (TWO,)], [(OTHER, ONE)]),
        ([(YES,), (NO,)], [(YES,), (NO,)]),
        ([], []),
    ],
    ids=range(5),
)
def test_of_a_number_the_first_that_is_enough_is_told(found: Any, left: Any) -> None:
    def named(sets: Any) -> Any:
        return [tuple(one if isinstance(one, Step) else step(one, "x") for one in steps) for steps in sets]

    assert list(_least(named(found))) == named(left)


def test_only_what_the_packs_refuse_takes_a_change() -> None:
    assert lawful_steps(APPROVE) == []
    abroad = looked_up(replace(b.PURPOSE, countries=frozenset({"DE", "US"})), world={"organisation": US_STATE})
    assert lawful_steps(abroad) != []
    assert lawful_steps(replace(abroad, readings=())) == []
    assert lawful_steps(replace(abroad, readings=(*APPROVE.readings, *abroad.readings))) == lawful_steps(abroad)
