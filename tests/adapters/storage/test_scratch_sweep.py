"""What only the SQLite scratch does: forget what has expired, and leave the ledger's file in order."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from broker.adapters.storage.scratch import open_scratch
from broker.core.jobs import untold
from broker.core.time import Seconds
from broker.ports import LedgerDownError
from tests.adapters.storage.support import Place, entry


async def test_a_sweep_forgets_what_has_expired_and_nothing_else(place: Place) -> None:
    async with open_scratch(place.database) as scratch:
        for n in range(5):
            await scratch.put("par", str(n), {"n": n}, Seconds(100 + n))
        assert await scratch.sweep(Seconds(102)) == 3
        assert [await scratch.get("par", str(n), Seconds(0)) for n in (2, 3)] == [None, {"n": 3}]


async def test_scratch_outlives_a_restart_and_is_still_bounded(place: Place) -> None:
    for first in (0, 3):
        async with open_scratch(place.database, limit=4) as scratch:
            for n in range(first, first + 3):
                await scratch.put("par", str(n), {"n": n}, Seconds(100))
    assert place.ask("SELECT id FROM scratch ORDER BY n") == [("2",), ("3",), ("4",), ("5",)]


async def test_scratch_and_ledger_write_side_by_side(place: Place) -> None:
    async with place.open() as ledger, open_scratch(place.database) as scratch:
        for n in range(1, 20):
            await scratch.put("par", str(n), {"n": n}, Seconds(100))
            assert await ledger.record(entry(n)) == n
    assert place.verify().ok


async def test_what_has_expired_is_swept_again_and_again(place: Place) -> None:
    async with open_scratch(place.database) as scratch:
        sweeping = asyncio.create_task(scratch.sweep_on(lambda: Seconds(200), untold(), seconds=0))
        for n in range(2):
            await scratch.put("par", str(n), {"n": n}, Seconds(100))
            async with asyncio.timeout(5):
                while place.ask("SELECT id FROM scratch"):
                    await scratch.get("par", str(n), Seconds(200))
        sweeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sweeping


async def test_when_another_program_holds_the_file_callers_hear_it_as_of_the_ledger(place: Place) -> None:
    async with open_scratch(place.database) as scratch:
        await scratch._db.execute_fetchall("PRAGMA busy_timeout = 10")
        with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerDownError):
                await scratch.put("par", "a", {}, Seconds(100))
            other.execute("ROLLBACK")
        await scratch.put("par", "a", {"n": 1}, Seconds(100))
        assert await scratch.get("par", "a", Seconds(0)) == {"n": 1}
