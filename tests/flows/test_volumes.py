"""What leaves is counted by the year, in whole files and in slices; who fetches again what they have is told of it."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import GrantId, RequestId
from broker.core.rows import Delivery, UseVolume, UseWhole
from broker.core.time import Seconds
from broker.flows.deliver import close_delivery
from broker.flows.figures import volumes_told
from broker.flows.notices.inbox import inbox
from broker.flows.volumes import count, tell
from broker.flows.watch_uses import look
from tests import builders as b
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.test_watch_uses import delivery
from tests.flows.worlds import Stage, caller, stage

DAY = 86_400
SIZE = 100


def world(*more: Any, **changes: Any) -> Stage:
    return stage(*more, **{"one": b.drs_object(size=SIZE)} | changes)


async def used(s: Stage, sent: int = SIZE) -> None:
    running = await opened(s)
    await close_delivery(s.world, running, "complete" if sent == SIZE else "incomplete", sent)
    s.clock.advance(60)
    await look(s.world)


def volume(s: Stage) -> UseVolume:
    row = s.ledger.rows[UseVolume.KIND, "2027"]
    assert isinstance(row, UseVolume)
    return row


async def told(s: Stage) -> int:
    return [one.notice.what for one in await inbox(s.world, caller())].count("use.repeated")


@pytest.mark.row("WHO-3.6-2")
async def test_who_fetches_a_whole_file_again_is_told_once_a_day_and_nothing_stops() -> None:
    s = world()
    await used(s)
    assert await told(s) == 0
    await used(s)
    await used(s)
    assert await told(s) == 1
    assert (volume(s).whole, volume(s).again, volume(s).parts) == (3 * SIZE, 2 * SIZE, 0)
    s.clock.advance(DAY)
    for _ in range(2):
        await tell(s.world, [b.GRANT], s.clock.now())
    assert await told(s) == 2
    assert s.kinds().count("use.repeated") == 2


@pytest.mark.row("WHO-3.6-2")
async def test_a_part_is_no_whole_file_and_counts_as_a_slice() -> None:
    s = world()
    for _ in range(3):
        await used(s, 40)
    assert await told(s) == 0
    assert (volume(s).whole, volume(s).parts) == (0, 3 * 40)


CASES: dict[str, tuple[Delivery, Delivery, bool]] = {
    "again": (delivery(1), delivery(2), True),
    "another file": (delivery(1), delivery(2, object="obj-2"), False),
    "a slice": (delivery(1), delivery(2, first=1), False),
    "it broke off": (delivery(1), delivery(2, state="incomplete", sent=99), False),
}


@pytest.mark.row("WHO-3.6-2")
@pytest.mark.parametrize(("one", "two", "again"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("together", ["together", "apart"])
async def test_what_is_the_same_file_again(one: Delivery, two: Delivery, again: bool, together: str) -> None:  # noqa: FBT001
    s = world(two=b.drs_object(b.TWO, (b.PIA, b.PAUL), size=SIZE))
    if together == "together":
        found = await count(s.world, [one, two], [(b.GRANT, one), (b.GRANT, two)])
    else:
        first = await count(s.world, [one], [(b.GRANT, one)])
        for put in first.puts:
            s.ledger.rows[put.row.KIND, put.row.id] = put.row
        found = await count(s.world, [two], [(b.GRANT, two)])
    assert found.again == ((b.GRANT,) if again else ())


@pytest.mark.row("WHO-3.6-2")
async def test_two_grants_of_strangers_are_two_projects() -> None:
    other = b.grant(id=GrantId("grt_2"), request=RequestId("req_2"))
    s = world(other)
    one, two = delivery(1), delivery(2)
    assert (await count(s.world, [one, two], [(b.GRANT, one), (other.id, two)])).again == ()
    assert (
        len(
            {
                put.row.id
                for put in (await count(s.world, [one, two], [(b.GRANT, one), (other.id, two)])).puts
                if isinstance(put.row, UseWhole)
            }
        )
        == 2
    )


@pytest.mark.row("WHO-3.6-2")
async def test_each_year_has_its_own_figures_and_they_are_whole_gigabytes() -> None:
    s = world(UseVolume(id="2025", whole=2_900_000_000, parts=900_000_000, again=1), UseVolume(id="2026", whole=5))
    last = replace(delivery(1), started=Seconds(START - 40 * DAY))
    found = await count(s.world, [last, delivery(2)], [])
    assert sorted(put.row.id for put in found.puts) == ["2026", "2027"]
    (told_of,) = await volumes_told(s.world)
    assert (told_of.year, told_of.whole, told_of.parts, told_of.again) == ("2025", 2, 0, 0)
