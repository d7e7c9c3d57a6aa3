"""A draft that will be given up is announced to its writer: once, a week before, on record."""

import pytest

from broker.core.notices import Channels
from broker.core.rows import Notice
from broker.flows.applications import begun, drafts
from broker.flows.notices.remind import remind
from tests import builders as b
from tests.flows.test_applications import handed, world
from tests.flows.worlds import Stage, caller, stage

DAY = 86_400


def stored(s: Stage) -> list[Notice]:
    return [row for row in s.ledger.rows.values() if isinstance(row, Notice)]


async def _days_later(s: Stage, days: int) -> list[str]:
    s.clock.advance(days * DAY)
    await remind(s.world, Channels(letters=True))
    return [one.about for one in stored(s) if one.what == "reminder.draft"]


@pytest.mark.row("WF-DRAFT-TOLD")
async def test_a_draft_that_is_given_up_is_told_once_a_week_before_and_again_when_it_was_saved() -> None:
    s = stage()
    kept = str(await drafts.save(s.world, caller(), None, {"title": "Hearts"}))
    assert await _days_later(s, 82) == []
    assert await _days_later(s, 2) == [kept]
    assert await _days_later(s, 1) == [kept], "once"
    (told,) = [one for one in stored(s) if one.what == "reminder.draft"]
    assert (told.to, told.state) == (f"person:{b.ADA}", "waiting")
    assert s.kinds()[-1] == "notice.reminded"
    await drafts.save(s.world, caller(), kept, {"title": "Hearts and lungs"})
    assert await _days_later(s, 80) == [kept]
    assert await _days_later(s, 4) == [kept, kept], "its time has come anew"
    assert await _days_later(s, 7) == [kept, kept]
    assert await drafts.listed(s.world, caller()) == (), "and it is gone when it was said"


@pytest.mark.row("WF-DRAFT-TOLD")
async def test_a_draft_that_was_handed_in_or_thrown_away_is_told_of_no_more() -> None:
    s = stage()
    kept = str(await drafts.save(s.world, caller(), None, {"title": "Hearts"}))
    s.clock.advance(80 * DAY)
    await drafts.delete(s.world, caller(), kept)
    assert await _days_later(s, 5) == []


@pytest.mark.row("WF-DRAFT-TOLD")
async def test_after_a_restart_a_draft_is_not_told_of_twice() -> None:
    """The mark of the day is lost, or another process looks: who was told is on record."""
    s = stage()
    await drafts.save(s.world, caller(), None, {"title": "Hearts"})
    assert len(await _days_later(s, 84)) == 1
    await s.world.scratch.take("reminder.done", str(s.clock.now() // DAY), s.clock.now())
    assert len(await _days_later(s, 0)) == 1
    assert s.kinds().count("notice.reminded") == 1


@pytest.mark.row("WF-DRAFT-TOLD")
async def test_what_somebody_began_to_mend_is_told_of_while_it_can_go_on() -> None:
    s = world()
    one, other = [(await handed(s)).id for _ in range(2)]
    for id in (one, other):
        seen = (await begun.read(s.world, caller(), id, "edit")).mark
        assert isinstance(await begun.keep(s.world, caller(), id, "edit", {"title": "Hearts"}, seen), str)
    values = s.world.scratch.values  # type: ignore[attr-defined]
    values["begun", f"{b.ADA} {other} edit"][0]["turn"] = 7
    assert await _days_later(s, 84) == [one], "the other is of papers that are no more"
