"""The life of an application, who has which part in it, and how votes count: tables first, then what no table may break."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access.clock import Clock
from broker.core.access.life import TRANSITIONS, Command, Stage, step
from broker.core.access.parts import OF_APPLICANTS, PERMISSIONS, Part, allowed
from broker.core.access.votes import Opinion, Tally, Vote, tally
from broker.core.ids import DatasetId, PersonId
from broker.core.time import Seconds

DAY = 86_400
HEART, LUNG = DatasetId("https://d.example/heart"), DatasetId("https://d.example/lung")
BY_THE_BROKER = {Command.WAIVE, Command.SCREEN, Command.FINISH, Command.STAND}
DECIDING = {Command.ASSESS, Command.DELAY, Command.VOTE, Command.DECIDE, Command.RETURN, Command.REOPEN, Command.INVITE}

TABLE = """
stage      part              may
draft      applicant         see save delete submit copy
submitted  applicant         see remark withdraw copy bring remove
submitted  accessor          see copy leave
submitted  signing_official  see endorse decline
submitted  it_director       see confirm decline
submitted  handler           see remark
submitted  committee_member  see remark
submitted  committee_chair   see remark
submitted  reviewer          see
submitted  decider           see
submitted  auditor           see
screening  applicant         see remark withdraw copy
screening  accessor          see copy
screening  handler           see remark
screening  committee_member  see remark
screening  committee_chair   see remark
screening  reviewer          see
screening  decider           see
screening  auditor           see
in_review  applicant         see remark withdraw copy bring remove
in_review  accessor          see copy leave
in_review  signing_official  see
in_review  it_director       see
in_review  handler           see remark invite delay return
in_review  committee_member  see remark assess vote step_aside return decide
in_review  committee_chair   see remark assess vote step_aside return decide invite delay
in_review  reviewer          see remark step_aside
in_review  decider           see remark assess step_aside decide
in_review  auditor           see
returned   applicant         see remark withdraw copy submit bring remove
returned   accessor          see copy leave
returned   signing_official  see
returned   it_director       see
returned   handler           see remark invite
returned   committee_member  see remark
returned   committee_chair   see remark invite
returned   reviewer          see
returned   decider           see
returned   auditor           see
decided    applicant         see remark copy amend bring remove
decided    accessor          see copy leave
decided    signing_official  see
decided    it_director       see
decided    handler           see remark
decided    committee_member  see remark
decided    committee_chair   see remark reopen
decided    reviewer          see
decided    decider           see
decided    auditor           see
withdrawn  applicant         see copy
withdrawn  accessor          see copy
withdrawn  signing_official  see
withdrawn  it_director       see
withdrawn  handler           see remark
withdrawn  committee_member  see remark
withdrawn  committee_chair   see remark
withdrawn  reviewer          see
withdrawn  decider           see
withdrawn  auditor           see
"""
"""Every right there is, once more and in words: a change of the rights is a change here."""


def said() -> dict[tuple[Stage, Part], set[Command]]:
    lines = (line.split() for line in TABLE.strip().splitlines()[1:])
    return {(Stage(stage), Part(part)): {Command(one) for one in may} for stage, part, *may in lines}


def test_the_rights_are_those_of_the_table_and_no_others() -> None:
    there = {(stage, part): set(may) for stage, row in PERMISSIONS.items() for part, may in row.items()}
    assert there == said()


@pytest.mark.row("WF-DRAFT")
def test_a_draft_is_its_authors_alone() -> None:
    assert {part for stage, part in said() if stage is Stage.DRAFT} == {Part.APPLICANT}


@given(st.sampled_from(Stage), st.sets(st.sampled_from(Part)))
@pytest.mark.row("WF-OWN")
def test_whoever_applies_never_decides_whatever_else_they_are(stage: Stage, others: set[Part]) -> None:
    for own in OF_APPLICANTS:
        assert not allowed(stage, {own, *others}) & DECIDING


@given(st.sampled_from(Stage), st.sets(st.sampled_from(sorted(set(Part) - OF_APPLICANTS))))
def test_several_parts_give_what_each_gives(stage: Stage, parts: set[Part]) -> None:
    assert allowed(stage, parts) == frozenset().union(*(allowed(stage, {part}) for part in parts))


def test_nobody_gives_the_commands_of_the_broker() -> None:
    assert not [part for row in PERMISSIONS.values() for part, may in row.items() if may & BY_THE_BROKER]


def test_what_somebody_may_and_what_moves_a_stage_fit_together() -> None:
    """No command that moves a stage is offered where it cannot happen, and none that can happen is out of reach."""
    moving = {command for row in TRANSITIONS.values() for command in row}
    for stage, row in PERMISSIONS.items():
        offered = frozenset().union(*row.values()) & moving
        assert offered <= TRANSITIONS[stage].keys() | {Command.WITHDRAW}
        assert TRANSITIONS[stage].keys() - offered - BY_THE_BROKER <= {Command.SUBMIT}, "only new papers reach others"


def reached(start: Stage) -> set[Stage]:
    found, waiting = {start}, [start]
    while waiting:
        new = set(TRANSITIONS[waiting.pop()].values()) - found
        found |= new
        waiting += new
    return found


def test_every_stage_is_reached_and_every_one_leads_to_an_end() -> None:
    assert reached(Stage.DRAFT) == set(Stage)
    for stage in Stage:
        assert reached(stage) & {Stage.DECIDED, Stage.WITHDRAWN}


@given(st.lists(st.sampled_from(Command), max_size=12))
def test_an_answer_comes_only_after_handing_in_and_screening(commands: list[Command]) -> None:
    after = step(Stage.DRAFT, *commands)
    if after is Stage.DECIDED and Command.STAND not in commands:
        assert commands[0] is Command.SUBMIT
        assert Command.SCREEN in commands
        assert {Command.WAIVE, Command.ENDORSE} & set(commands)


@pytest.mark.parametrize(
    ("choices", "quorum", "opinion"),
    [
        ("", 1, Opinion.OPEN),
        ("y", 1, Opinion.YES),
        ("n", 1, Opinion.NO),
        ("yy", 3, Opinion.OPEN),
        ("yyn", 3, Opinion.YES),
        ("ynn", 3, Opinion.NO),
        ("yna", 3, Opinion.TIED),
        ("aaa", 3, Opinion.TIED),
        ("yaa", 3, Opinion.YES),
        ("ya", 3, Opinion.OPEN),
    ],
)
def test_what_a_committee_thinks(choices: str, quorum: int, opinion: Opinion) -> None:
    counted = tally(votes(choices), HEART, 1, frozenset())
    assert counted == Tally(yes=choices.count("y"), no=choices.count("n"), abstain=choices.count("a"))
    assert counted.opinion(quorum) is opinion


def votes(choices: Iterable[str], **changes: object) -> list[Vote]:
    words = {"y": "yes", "n": "no", "a": "abstain"}
    common = {"dataset": HEART, "ground": "So.", "at": Seconds(0), "turn": 1} | changes
    return [Vote(person=PersonId(f"p{n}"), choice=words[one], **common) for n, one in enumerate(choices)]  # type: ignore[arg-type]


def test_the_last_word_of_each_person_counts_about_this_dataset_and_these_papers() -> None:
    cast = [*votes("yy"), *votes("n"), *votes("nnn", dataset=LUNG), *votes("nnn", turn=2)]
    assert tally(cast, HEART, 1, frozenset()) == Tally(yes=1, no=1)
    assert tally(cast, HEART, 1, frozenset({PersonId("p0")})) == Tally(yes=1)
    assert tally(cast, HEART, 3, frozenset()) == Tally()


@given(st.lists(st.sampled_from("yna"), max_size=9), st.integers(1, 9))
def test_a_no_more_never_makes_a_yes(choices: list[str], quorum: int) -> None:
    before, after = (tally(votes(cast), HEART, 1, frozenset()).opinion(quorum) for cast in (choices, [*choices, "n"]))
    assert after is not Opinion.YES or before in (Opinion.YES, Opinion.OPEN)


@pytest.mark.row("WF-RETURN")
def test_the_clock_runs_while_it_is_the_committees_turn() -> None:
    clock = Clock(since=Seconds(0))
    assert clock.due(Stage.IN_REVIEW, 14) == 14 * DAY
    back = clock.moved(Stage.IN_REVIEW, Seconds(5 * DAY))
    assert back.due(Stage.RETURNED, 14) is None
    again = back.moved(Stage.RETURNED, Seconds(40 * DAY)).moved(Stage.SUBMITTED, Seconds(41 * DAY))
    assert again.due(Stage.IN_REVIEW, 14) == (41 + 14 - 5) * DAY
    assert not again.late(Stage.IN_REVIEW, 14, Seconds(50 * DAY - 1))
    assert again.late(Stage.IN_REVIEW, 14, Seconds(50 * DAY))
    assert not again.late(Stage.RETURNED, 14, Seconds(999 * DAY))


def test_a_clock_that_goes_back_gives_no_time_and_takes_none() -> None:
    assert Clock(since=Seconds(100), spent=7).moved(Stage.IN_REVIEW, Seconds(50)).spent == 7
