"""The record is looked through a bounded way at a time, and nothing that fits is left out between two looks."""

import asyncio

import pytest

from broker.adapters.storage.log import open_log
from broker.core.audit.entry import Entry
from broker.flows.look_through_log import MOST, Wanted, look_through
from broker.ports.log import AuditReads
from tests.adapters.storage.support import Place, receipt

SIZE = 4_300
"""More than two looks go back."""


async def _all(log: AuditReads, wanted: Wanted) -> tuple[list[tuple[int, Entry]], int]:
    """Look by look, as the page's `More` does; and how many looks that took."""
    found, before, looks = list[tuple[int, Entry]](), None, 0
    while True:
        one = await look_through(log, wanted, before)
        assert len(one.entries) <= MOST
        found, before, looks = [*found, *one.entries], one.older, looks + 1
        if before is None:
            return found, looks


@pytest.mark.row("PAG-LOG")
async def test_every_entry_is_found_once_however_far_back_and_each_look_is_bounded(place: Place) -> None:
    await asyncio.to_thread(place.fill, SIZE // 2, at_once=True)
    place.fill_more(SIZE // 2)
    async with open_log(place.database, place.head) as log:
        old, looks = await _all(log, Wanted(id=receipt(3)))
        assert [entry.id for _, entry in old] == [receipt(3)]
        assert 3 <= looks <= 4, "a look goes back two thousand entries, and no further"
        every, _ = await _all(log, Wanted())
        assert [seq for seq, _ in every] == sorted({seq for seq, _ in every}, reverse=True)
        assert len(every) >= SIZE
        made, _ = await _all(log, Wanted(kind="decision.made"))
        assert [seq for seq, _ in made] == [seq for seq, entry in every if entry.kind == "decision.made"]
        assert await _all(log, Wanted(id="nobody")) == ([], 3)
