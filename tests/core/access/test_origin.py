"""What comes from the place of origin within its time, as a table; and who speaks for it."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.origin import DAYS, MOST_WORDS, NEEDS, Need, Standing, Window, Word, opened
from broker.core.ids import SubjectRef
from broker.core.origins import sides, speaks, window
from broker.core.rows import Role, Row
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START

COM, PLACE = "community:com_valley", "origin:DE"
DAY = 86_400
LATER = Seconds(START + 30 * DAY)


def word(side: str = COM, at: int = START + 1, *, objects: bool = False) -> Word:
    return Word(person=b.MEI, side=side, objects=objects, text="Ours.", at=Seconds(at))


def of(*words: Word, sides: tuple[str, ...] = (COM,)) -> Window:
    return replace(opened(sides, None, START), words=words)


@pytest.mark.row("WHO-3.5-2")
@pytest.mark.parametrize(
    ("made", "now", "standing"),
    [
        (of(sides=()), START, Standing.UNASKED),
        (of(), START, Standing.OPEN),
        (of(), LATER, Standing.SILENT),
        (of(word()), Seconds(START + 1), Standing.SPOKEN),
        (of(word()), LATER, Standing.SPOKEN),
        (of(word(objects=True)), LATER, Standing.OBJECTED),
        (of(word(objects=True), word(at=START + 2)), LATER, Standing.SPOKEN),
        (of(word(), word(at=START + 2, objects=True)), LATER, Standing.OBJECTED),
        (of(word(objects=True), sides=(COM, PLACE)), START, Standing.OPEN),
        (of(word(objects=True), sides=(COM, PLACE)), LATER, Standing.OBJECTED),
        (of(word(objects=True), word(PLACE), sides=(COM, PLACE)), START, Standing.OBJECTED),
        (of(word(at=START), sides=(COM,)), START, Standing.OPEN),
        (of(word(at=START - 1, objects=True), sides=(COM,)), LATER, Standing.OBJECTED),
        (of(word(at=START - 1, objects=True), sides=()), START, Standing.OBJECTED),
    ],
    ids=[
        "nobody to ask", "time", "silence", "a comment", "a comment of then", "an objection", "taken back", "the last word",
        "another side has time", "another side was silent", "all have spoken", "other papers", "an objection stays",
        "an objection of who speaks no more",
    ],
)  # fmt: skip
def test_how_it_stands(made: Window, now: Seconds, standing: Standing) -> None:
    assert made.standing(now) is standing
    assert made.answered(now, None).standing(LATER) is standing, "kept as it was at the answer"
    assert made.answered(now, "Because.").reopened() == made


@pytest.mark.row("WHO-3.5-2")
def test_silence_is_no_yes_and_what_a_yes_waits_for_is_one_table() -> None:
    assert NEEDS.keys() == set(Standing)
    assert NEEDS[Standing.OPEN] == (Need.TIME,)
    assert NEEDS[Standing.OBJECTED] == (Need.VOTE, Need.ANSWER)
    assert {one for one in Standing if not NEEDS[one]} == {Standing.UNASKED, Standing.SILENT, Standing.SPOKEN}


@pytest.mark.row("WHO-3.5-2")
@pytest.mark.parametrize(("days", "weeks"), [(None, 2), (DAYS, 2), (5, 1), (20, 4)])
def test_the_time_is_working_days_and_over_at_the_end_of_the_last(days: int | None, weeks: int) -> None:
    made = opened((COM,), days, START)
    assert made.until % DAY == 0
    assert START + weeks * 7 * DAY < made.until <= START + (weeks * 7 + 3) * DAY
    assert made.standing(Seconds(made.until - 1)) is Standing.OPEN
    assert made.standing(made.until) is Standing.SILENT


@pytest.mark.row("WHO-3.5-2")
@pytest.mark.parametrize(
    ("made", "side", "objects", "now", "may"),
    [
        (of(), COM, True, START, True),
        (of(), PLACE, False, START, False),
        (of(), COM, False, LATER, False),
        (of(word(objects=True)), COM, False, LATER, True),
        (of(word(objects=True)), COM, True, LATER, False),
        (of(word()).answered(START, None), COM, False, START, False),
        (of(*[word()] * MOST_WORDS), COM, False, START, False),
        (of(*[word()] * (MOST_WORDS - 1)), COM, False, START, True),
        (of(*[word()] * MOST_WORDS, sides=(COM, PLACE)), PLACE, True, START, True),
        (of(*[word(objects=True)] * MOST_WORDS), COM, False, START, True),
        (of(*[word(objects=True)] * MOST_WORDS), COM, True, START, False),
    ],
    ids=[
        "in time",
        "another side",
        "late",
        "takes it back late",
        "objects late",
        "answered",
        "too many",
        "the last",
        "others said too many",
        "takes it back after too many",
        "objects after too many",
    ],
)
def test_who_may_say_what_and_when(made: Window, side: str, objects: bool, now: Seconds, may: bool) -> None:  # noqa: FBT001
    assert made.may_say(side, objects=objects, now=now) is may


def held(role: str, scope: str, seat: str | None = None, **more: Any) -> Role:
    return Role(id=f"{role} {scope} {seat}", role=role, scope=scope, iss=b.HOME, sub="eli", seat=seat, **more)


_DAC = f"committee:{b.DAC}"


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize(
    ("role", "asked"),
    [
        (held("community_authority", COM), (COM,)),
        (held("community_authority", "service"), ()),
        (held("community_authority", "community:com_hill"), ()),
        (held("community_authority", COM, status="ended"), ()),
        (held("committee_member", _DAC, PLACE, ends=START), ()),
        (held("committee_member", _DAC, PLACE, begins=Seconds(START + 1)), ()),
        (held("committee_member", _DAC, PLACE), (PLACE,)),
        (held("committee_chair", _DAC, COM), (COM,)),
        (held("committee_member", _DAC, "origin:FR"), ()),
        (held("committee_member", _DAC, "lay"), ()),
        (held("committee_member", "committee:https://else.example", PLACE), ()),
        (held("committee_member", _DAC), ()),
        (held("custodian", COM), ()),
    ],
    ids=[
        "authority",
        "of all",
        "of others",
        "ended",
        "out of office",
        "not in office yet",
        "a country's seat",
        "a community's seat",
        "another country",
        "lay",
        "another committee",
        "no seat",
        "another role",
    ],
)
def test_who_speaks_for_the_place_of_origin(role: Role, asked: tuple[str, ...]) -> None:
    governs: Row = b.consent(SubjectRef("com_valley"), consent_id="com", level="community")
    s, data = b.snapshot(governs, role), b.dataset()
    assert sides(data, s, START) == asked
    live = [role] if role.holds(START) else []
    assert speaks(live, data, (COM, PLACE)) >= set(asked)
    assert speaks(live, data, asked) == set(asked)
    assert speaks(live, data, ()) == frozenset()


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize(
    ("countries", "location", "asks"), [({"DE"}, "DE", False), ({"DE"}, "FR", True), (set(), "DE", True)]
)
def test_it_is_asked_of_what_crosses_a_border(countries: set[str], location: str, asks: bool) -> None:  # noqa: FBT001
    s = b.snapshot(held("committee_member", _DAC, PLACE))
    made = window(replace(b.dataset(), origin_days=3), countries, location, s, START)
    assert (made is not None) is asks
    if made is not None:
        assert made == opened((PLACE,), 3, START)
    again = window(b.dataset(), {"US"}, "US", s, LATER, of(word(objects=True)))
    assert again is not None
    assert (again.since, again.words) == (LATER, (word(objects=True),)), "other papers begin another time; words stay"
