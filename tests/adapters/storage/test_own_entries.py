"""Somebody's own entries, among those of all others: every one of them, and each call looks at so many and no more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from broker.adapters.storage import log as reading
from broker.adapters.storage.log import SqliteLog, open_log
from broker.core.audit.entry import decode
from tests.adapters.storage.support import Place, SharedPlace, entry

COUNT = 430
ADA, MEI = "a1" * 16, "b2" * 16
THEIRS = [n for n in range(1, COUNT + 1) if n % 7 == 0]


@pytest.fixture(params=["sqlite", "postgres"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[SqliteLog]:
    """Entries of which every seventh is Ada's, a few are Mei's, and the others nobody's; one names Ada otherwise."""

    def made(n: int) -> str | None:
        return ADA if n % 7 == 0 else MEI if n % 50 == 1 else None

    entries = [replace(entry(n), who=made(n)) for n in range(1, COUNT + 1)]
    entries[3] = replace(entries[3], about={"who": ADA, "x": f'"who":"{ADA}"'})
    if request.param == "sqlite":
        place: Place = request.getfixturevalue("place")
        async with place.open() as ledger, open_log(place.database, place.head) as opened:
            await asyncio.gather(*map(ledger.record, entries))
            yield opened
    else:
        shared: SharedPlace = request.getfixturevalue("shared_place")
        async with shared.open() as many, shared.log() as opened:
            await asyncio.gather(*map(many.record, entries))
            await many.ordered()
            yield opened


async def walked(log: SqliteLog, who: str, count: int) -> tuple[list[int], int]:
    """The numbers of all that the pages hold, and how many pages there were."""
    found, calls, before = list[int](), 0, None
    while True:
        page, before = await log.theirs(who, count, before)
        assert len(page) <= count
        assert all(decode(kept.body).entry.who == who for kept in page)
        found, calls = [*found, *(kept.seq for kept in page)], calls + 1
        if before is None:
            return found, calls


@pytest.mark.row("OWN")
@pytest.mark.parametrize(
    ("looked", "count", "calls"), [(20_000, 500, 1), (100, 500, 5), (20_000, 10, 7), (100, 10, 10)]
)
async def test_all_of_them_are_found_the_newest_first_and_nobody_elses(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch, looked: int, count: int, calls: int
) -> None:
    monkeypatch.setattr(reading, "LOOKED", looked)
    found, took = await walked(log, ADA, count)
    assert (len(found), found) == (len(THEIRS), sorted(found, reverse=True))
    assert took <= calls
    assert len((await walked(log, MEI, count))[0]) == 9 - 1
    assert (await walked(log, "c3" * 16, count))[0] == []


async def test_one_call_looks_at_so_many_and_says_where_to_go_on(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKED", 10)
    assert await log.theirs("c3" * 16, 5) == ((), COUNT + 1 - 10)
    assert await log.theirs("c3" * 16, 5, 11) == ((), 1)
    assert await log.theirs("c3" * 16, 5, 10) == ((), None)
    assert (await log.theirs("c3" * 16, 5, 10**18))[1] == COUNT + 1 - 10
