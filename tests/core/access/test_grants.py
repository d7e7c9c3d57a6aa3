"""The life of a grant and who has which part in it: tables first, then what no table may break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access.grants import (
    GRANT_PERMISSIONS,
    GRANT_TRANSITIONS,
    REMINDERS,
    USED,
    GrantCommand,
    GrantPart,
    GrantStage,
    may,
    reminder,
    stage_of,
)
from broker.core.time import Seconds

DAY = 86_400
BY_TIME = {GrantCommand.REMIND, GrantCommand.EXPIRE}
DECIDING = {
    GrantCommand.EXTEND, GrantCommand.DECLINE, GrantCommand.SUSPEND, GrantCommand.RESUME, GrantCommand.REVOKE,
    GrantCommand.FULFIL,
}  # fmt: skip

TABLE = """
stage      part              may
active     holder            see renew close tell publish
active     committee_member  see fulfil suspend revoke
active     answerer          see extend decline
active     handler           see
active     custodian         see fulfil suspend
active     admin             see suspend revoke
active     auditor           see
expiring   holder            see renew close tell publish
expiring   committee_member  see fulfil suspend revoke
expiring   answerer          see extend decline
expiring   handler           see
expiring   custodian         see fulfil suspend
expiring   admin             see suspend revoke
expiring   auditor           see
suspended  holder            see close tell publish
suspended  committee_member  see fulfil resume revoke
suspended  answerer          see
suspended  handler           see
suspended  custodian         see fulfil
suspended  admin             see resume revoke
suspended  auditor           see
expired    holder            see close tell publish
expired    committee_member  see fulfil
expired    answerer          see extend decline
expired    handler           see
expired    custodian         see fulfil
expired    admin             see
expired    auditor           see
revoked    holder            see close tell publish
revoked    committee_member  see fulfil
revoked    answerer          see
revoked    handler           see
revoked    custodian         see fulfil
revoked    admin             see
revoked    auditor           see
closed     holder            see tell publish
closed     committee_member  see fulfil
closed     answerer          see
closed     handler           see
closed     custodian         see fulfil
closed     admin             see
closed     auditor           see
"""
"""Every right there is, once more and in words: a change of the rights is a change here."""

MOVES = """
active     extend active
active     remind expiring
active     suspend suspended
active     revoke revoked
active     close closed
expiring   extend active
expiring   expire expired
expiring   suspend suspended
expiring   revoke revoked
expiring   close closed
suspended  resume active
suspended  revoke revoked
suspended  close closed
expired    extend active
expired    close closed
revoked    close closed
"""


def test_the_rights_are_those_of_the_table_and_no_others() -> None:
    lines = (line.split() for line in TABLE.strip().splitlines()[1:])
    said = {(stage, part): set(may) for stage, part, *may in lines}
    there = {(stage, part): set(may) for stage, row in GRANT_PERMISSIONS.items() for part, may in row.items()}
    assert there == said


def test_the_moves_are_those_of_the_table_and_no_others() -> None:
    there = {(stage, how, to) for stage, row in GRANT_TRANSITIONS.items() for how, to in row.items()}
    assert there == {tuple(line.split()) for line in MOVES.strip().splitlines()}


@given(st.sampled_from(GrantStage), st.sets(st.sampled_from(GrantPart)))
@pytest.mark.row("WF-GRANT-OWN")
def test_a_holder_never_decides_about_their_own_grant_whatever_else_they_are(
    stage: GrantStage, others: set[GrantPart]
) -> None:
    assert not may(stage, {GrantPart.HOLDER, *others}) & DECIDING


@given(st.sampled_from(GrantStage), st.sets(st.sampled_from(sorted(set(GrantPart) - {GrantPart.HOLDER}))))
def test_nobody_else_asks_or_closes_for_a_holder(stage: GrantStage, parts: set[GrantPart]) -> None:
    assert not may(stage, parts) & {GrantCommand.RENEW, GrantCommand.CLOSE}
    assert may(stage, parts) == frozenset().union(*(may(stage, {part}) for part in parts))


def test_nobody_gives_the_commands_of_time_and_what_is_offered_can_happen() -> None:
    moving = {command for row in GRANT_TRANSITIONS.values() for command in row}
    for stage, row in GRANT_PERMISSIONS.items():
        offered = frozenset().union(*row.values())
        assert not offered & BY_TIME
        assert offered & moving == GRANT_TRANSITIONS[stage].keys() - BY_TIME


def test_what_is_closed_stays_closed_and_what_is_revoked_is_never_used_again() -> None:
    assert not GRANT_TRANSITIONS[GrantStage.CLOSED]
    reached, waiting = set[GrantStage](), [GrantStage.REVOKED]
    while waiting:
        new = set(GRANT_TRANSITIONS[waiting.pop()].values()) - reached
        reached |= new
        waiting += new
    assert not reached & USED


times = st.integers(0, 400 * DAY).map(Seconds)


@given(ends=times, now=times, closed=st.booleans(), revoked=st.booleans(), suspended=st.booleans())
@pytest.mark.row("WF-GRANT-END")
def test_nothing_is_used_from_the_last_second_on_nor_while_it_rests(
    *, ends: Seconds, now: Seconds, closed: bool, revoked: bool, suspended: bool
) -> None:
    found = stage_of(ends, now, closed=closed, revoked=revoked, suspended=suspended)
    assert (found in USED) is (now < ends and not closed and not revoked and not suspended)


@given(times, times)
def test_time_alone_moves_a_grant_as_the_table_says(ends: Seconds, now: Seconds) -> None:
    """From one second to the next: it stays, or a command of time takes it there."""
    before, after = stage_of(ends, now), stage_of(ends, Seconds(now + 1))
    moves = {GRANT_TRANSITIONS[before].get(command) for command in BY_TIME}
    assert after is before or after in moves


@pytest.mark.row("WF-GRANT-REMIND")
@pytest.mark.parametrize(
    ("left", "told"),
    [(61 * DAY, None), (60 * DAY + 1, None), (60 * DAY, 60), (30 * DAY + 1, 60), (30 * DAY, 30), (7 * DAY, 7), (1, 7),
     (0, None), (-1, None)],
)  # fmt: skip
def test_the_end_is_announced_two_months_one_month_and_a_week_before(left: int, told: int | None) -> None:
    assert REMINDERS == (60, 30, 7)
    assert reminder(Seconds(500 * DAY + left), Seconds(500 * DAY)) == told
