"""Challenges and complaints: what can happen, by when, and who has no part in it; tables first."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access.cases import (
    ANSWERED_BY,
    CASE_TRANSITIONS,
    INSIDE,
    OUTSIDE,
    CaseCommand,
    CaseKind,
    CaseStage,
    due,
    working_days,
)
from broker.core.access.clock import Clock
from broker.core.access.life import Stage
from broker.core.access.votes import Vote
from broker.core.cases import may
from broker.core.ids import PersonId
from broker.core.rows import Case, Review, Role
from broker.core.time import Seconds, day_of, start_of
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import MEI, caller

DAY = 86_400
REQUEST = b.request(review="rev_1", decided_by=PersonId("usr_lee"))
VOTE = Vote(person=PersonId("usr_sam"), dataset=b.HEART, choice="no", ground="So.", at=START, turn=1)
REVIEW = Review(
    id="rev_1", application="app_1", committee=b.DAC, requests=("req_1",), stage=Stage.DECIDED,  # type: ignore[arg-type]
    clock=Clock(since=START), votes=(VOTE,),
)  # fmt: skip
WORLD = b.snapshot(REQUEST, REVIEW)
ROLES = ("committee_member", "committee_chair", "handler", "appeal_panel", "complaints_officer", "auditor", "admin")
SEES, TAKES_UP = {CaseCommand.SEE}, {CaseCommand.SEE, CaseCommand.ACKNOWLEDGE, CaseCommand.ANSWER}


def case(kind: CaseKind, stage: CaseStage = CaseStage.RECEIVED, person: str | None = "usr_ada") -> Case:
    return Case(
        id="cas_1", kind=kind, about="req_1", committee=b.DAC, person=person, text="Wrong.", opened=START, stage=stage,  # type: ignore[arg-type]
    )  # fmt: skip


def rights(kind: CaseKind, who: str, *roles: str, stage: CaseStage = CaseStage.RECEIVED) -> set[CaseCommand]:
    of_committee = {"committee_member", "committee_chair", "handler"}
    held = tuple(
        Role(
            id=f"r-{role}", role=role, iss=b.HOME, sub="x",
            scope=f"committee:{b.DAC}" if role in of_committee else "service",
        )
        for role in roles
    )  # fmt: skip
    return set(may(case(kind, stage), frozenset({PersonId(who)}), caller(MEI, roles=held).has_role, WORLD))


@pytest.mark.row("WF-CHALLENGE")
@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("role", ROLES)
def test_who_answers_which_kind_is_a_table(kind: CaseKind, role: str) -> None:
    answers = role == ANSWERED_BY[kind] or (kind in INSIDE and role == "committee_chair")
    assert rights(kind, "usr_new", role) == (TAKES_UP if answers else SEES if role == "auditor" else set())


@pytest.mark.row("WF-CHALLENGE")
@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("who", ["usr_lee", "usr_sam"])
def test_whoever_decided_or_voted_does_not_answer_whatever_they_are(kind: CaseKind, who: str) -> None:
    assert not rights(kind, who, *ROLES) & {CaseCommand.ANSWER, CaseCommand.ACKNOWLEDGE}
    assert not rights(kind, who, ANSWERED_BY[kind]) & {CaseCommand.ANSWER}


@pytest.mark.row("WF-CHALLENGE")
@given(st.sampled_from(CaseKind), st.sampled_from(CaseStage), st.sets(st.sampled_from(ROLES)))
def test_nobody_answers_what_they_opened(kind: CaseKind, stage: CaseStage, roles: set[str]) -> None:
    assert rights(kind, "usr_ada", *roles, stage=stage) <= {CaseCommand.SEE, CaseCommand.WITHDRAW}


@pytest.mark.row("WHO-P-10")
@given(st.sampled_from(sorted(OUTSIDE)), st.sampled_from(CaseStage), st.sets(st.sampled_from(ROLES)))
def test_who_sits_in_the_committee_concerned_does_not_even_see_it(
    kind: CaseKind, stage: CaseStage, roles: set[str]
) -> None:
    for seat in ("committee_member", "committee_chair", "handler"):
        assert rights(kind, "usr_new", seat, *roles, stage=stage) == set()


@given(st.sampled_from(CaseKind), st.sampled_from(CaseStage), st.sets(st.sampled_from(ROLES)))
def test_what_is_offered_can_happen(kind: CaseKind, stage: CaseStage, roles: set[str]) -> None:
    for who in ("usr_ada", "usr_new"):
        assert rights(kind, who, *roles, stage=stage) <= SEES | CASE_TRANSITIONS[stage].keys()


@pytest.mark.row("WHO-P-10")
@pytest.mark.parametrize(
    ("opened", "days", "ends"),
    [
        ("2026-11-16", 3, "2026-11-20"),
        ("2026-11-19", 3, "2026-11-25"),
        ("2026-11-21", 3, "2026-11-26"),
        ("2026-11-22", 1, "2026-11-24"),
        ("2026-11-20", 10, "2026-12-05"),
    ],
)
def test_working_days_are_from_monday_to_friday(opened: str, days: int, ends: str) -> None:
    since = Seconds(start_of(date.fromisoformat(opened)) + 5000)
    assert day_of(working_days(since, days)).isoformat() == ends


@given(st.integers(0, 10**9).map(Seconds), st.integers(1, 40))
def test_so_many_working_days_are_at_least_as_many_days(since: Seconds, days: int) -> None:
    end = working_days(since, days)
    assert days * DAY < end - since + DAY
    assert end - since <= (days * 7 / 5 + 4) * DAY


def test_a_clock_runs_from_the_first_second_and_stops_with_the_answer() -> None:
    assert due(CaseKind.COMPLAINT, CaseStage.RECEIVED, START) == working_days(START, 3)
    assert due(CaseKind.COMPLAINT, CaseStage.ACKNOWLEDGED, START) == START + 30 * DAY
    assert due(CaseKind.APPEAL, CaseStage.ACKNOWLEDGED, START) == START + 30 * DAY
    assert due(CaseKind.RECONSIDERATION, CaseStage.ACKNOWLEDGED, START) == working_days(START, 10)
    for kind in CaseKind:
        assert due(kind, CaseStage.ANSWERED, START) is None
        assert due(kind, CaseStage.WITHDRAWN, START) is None
