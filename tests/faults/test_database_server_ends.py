"""PostgreSQL itself ends, without a word, while two brokers write, and starts again."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

from broker.adapters.storage.postgres.ledger import PostgresLedger
from broker.adapters.storage.postgres.ordering import LogOf
from broker.adapters.storage.postgres.reads import open_postgres_rows
from broker.core.audit.entry import decode
from broker.core.rows import Revocation, Row
from broker.ports import LedgerDownError
from tests.adapters.storage.support import ORIGIN, SharedPlace, ended, entry, receipt, sign
from tests.fakes import CountingEntropy, FakeClock
from tests.postgres import Cluster, Database, own_cluster

GAP = 5.0
"""Seconds after the server is there again until both brokers record."""
_WRITERS = 4


@pytest.fixture
def broken() -> Iterator[Cluster]:
    with own_cluster() as cluster:
        yield cluster


class _Writing:
    """Writers at two ledgers, and what they were told is on record."""

    def __init__(self, ledgers: tuple[PostgresLedger, PostgresLedger]) -> None:
        self.ledgers = ledgers
        self.numbers = count(1)
        self.acknowledged: list[str] = []
        self.refused = 0
        self.over = False

    async def write(self, ledger: PostgresLedger) -> None:
        while not self.over:
            number = next(self.numbers)
            try:
                await ledger.record(entry(number), ended(f"grant:{number}"))
                self.acknowledged.append(receipt(number))
            except LedgerDownError:
                self.refused += 1
                await asyncio.sleep(0.02)

    async def works_again(self, ledger: PostgresLedger) -> None:
        while True:
            number = next(self.numbers)
            with suppress(LedgerDownError):
                await ledger.record(entry(number), ended(f"grant:{number}"))
                self.acknowledged.append(receipt(number))
                return
            await asyncio.sleep(0.02)

    async def ends_and_starts(self, cluster: Cluster) -> float:
        """Seconds from when the server was there until each broker had recorded something."""
        enough = len(self.acknowledged) + 20
        while len(self.acknowledged) < enough:  # noqa: ASYNC110 (in the middle of writing)
            await asyncio.sleep(0.005)
        refused = self.refused
        await asyncio.to_thread(cluster.stop)
        while self.refused == refused:  # noqa: ASYNC110 (nobody is refused if it is back too soon)
            await asyncio.sleep(0.005)
        await asyncio.to_thread(cluster.start)
        began = time.monotonic()
        async with asyncio.timeout(60):
            await asyncio.gather(*map(self.works_again, self.ledgers))
        return time.monotonic() - began


@pytest.mark.row("F13")
@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.long)])
async def test_a_server_that_ends_in_the_middle_loses_nothing_that_was_acknowledged(
    broken: Cluster, times: int
) -> None:
    log = LogOf(origin=ORIGIN, sign=sign, clock=FakeClock(), entropy=CountingEntropy())
    place = SharedPlace(Database(broken, "test_ends").make(log))
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    heard: tuple[list[Row], list[Row]] = ([], [])
    async with asyncio.timeout(20 + 20 * times), place.open() as one, place.open() as other:
        one.on_commit, other.on_commit = heard[0].extend, heard[1].extend
        writing = _Writing((one, other))
        tasks = [asyncio.create_task(writing.write((one, other)[n % 2])) for n in range(_WRITERS)]
        gaps = [await writing.ends_and_starts(broken) for _ in range(times)]
        writing.over = True
        await asyncio.gather(*tasks)
        await one.ordered()
        await other.ordered()
        assert not one.failed
        assert not other.failed
        assert writing.refused, "nobody wrote while it ended"
    assert max(gaps) <= GAP
    assert unhandled == []
    stored = [decode(body).entry.id for (body,) in place.database.ask("SELECT body FROM record")]
    assert len(stored) == len(set(stored))
    assert set(writing.acknowledged) <= set(stored)
    async with open_postgres_rows(place.url) as rows:
        kept = {row.id async for row in rows.scan(Revocation)}
    assert len(kept) == len(stored) - 1, "each entry with its row, beside the log's first"
    assert kept == {row.id for row in heard[0]} == {row.id for row in heard[1]}, "and each broker heard of it"
