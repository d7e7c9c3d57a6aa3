"""Recording: 32 callers who each make an entry, have it recorded, and wait until it is on disk; in both databases.

By the clock, since who records waits for a flush. Against the least that each database can be asked for: the same number
of callers of a bare log, and bare commits of 32 rows.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from time import perf_counter

import asyncpg

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.storage.create import create
from broker.adapters.storage.ledger import open_ledger
from broker.adapters.storage.postgres.create import create_postgres
from broker.adapters.storage.postgres.ledger import open_postgres_ledger
from broker.adapters.storage.postgres.ordering import LogOf
from broker.flows.entries import entry_about
from broker.ports import Ledger
from tests.adapters.storage.support import ORIGIN, sign
from tests.bench.bare_log import BODY, BareLog
from tests.bench.long_log import ABOUT, KIND
from tests.bench.measure import Goal, Yardstick
from tests.postgres import own_cluster, programs

CALLERS = 32
_EACH = 20
_TIMES = CALLERS * _EACH
_WHO = "0c" * 16
_BARE_TABLE = "CREATE TABLE bare (seq bigint PRIMARY KEY, at bigint, kind text, body bytea)"
_BARE = "INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[])"

Call = Callable[[], Awaitable[object]]


async def _callers(call: Call) -> None:
    async def one() -> None:
        for _ in range(_EACH):
            await call()

    await asyncio.gather(*(one() for _ in range(CALLERS)))


class _Bench:
    """Opens and closes what is measured, in one loop."""

    def __init__(self) -> None:
        self.loop, self.stack = asyncio.new_event_loop(), AsyncExitStack()
        self.clock, self.entropy = SystemClock(), SystemEntropy()

    def run(self, call: Call) -> Callable[[], None]:
        return lambda: self.loop.run_until_complete(_callers(call))

    def recorded(self, ledger: Ledger) -> Call:
        async def record() -> None:
            await ledger.record(entry_about(KIND, self.clock.now(), self.entropy, _WHO, ABOUT))

        return record

    async def sqlite(self, folder: Path) -> tuple[Goal, ...]:
        paths = folder / "broker.sqlite", folder / "audit-lock.sqlite"
        create(*paths, origin=ORIGIN, sign=sign, clock=self.clock, entropy=self.entropy)
        opening = open_ledger(*paths, origin=ORIGIN, sign=sign, clock=self.clock, entropy=self.entropy)
        ledger, bare = await self.stack.enter_async_context(opening), BareLog(folder / "bare.sqlite")
        self.stack.callback(bare.close)
        return (
            Goal(
                name=f"an entry made and recorded, on disk before its answer: SQLite, {CALLERS} callers, by the clock",
                micros=1e6 / 25_000,
                run=self.run(self.recorded(ledger)),
                times=_TIMES,
                spent=perf_counter,
                typical=True,
                against=Yardstick(
                    name=f"an entry of a bare log in SQLite, {CALLERS} callers,",
                    reference=12.9,
                    run=self.run(lambda: bare.append(BODY)),
                    times=_TIMES,
                    spent=perf_counter,
                ),
            ),
        )

    async def postgres(self, url: str) -> tuple[Goal, ...]:
        log = LogOf(origin=ORIGIN, sign=sign, clock=self.clock, entropy=self.entropy)
        await create_postgres(url, url, log)
        opening = open_postgres_ledger(url, url, origin=ORIGIN, sign=sign, clock=self.clock, entropy=self.entropy)
        ledger, db = await self.stack.enter_async_context(opening), await asyncpg.connect(url)
        self.stack.push_async_callback(db.close)
        await db.execute(_BARE_TABLE)
        bare = _BareRows(db)
        return (
            Goal(
                name=f"the same in PostgreSQL ({POSTGRES:,} a second are the same order)",
                micros=1e6 / POSTGRES,
                run=self.run(self.recorded(ledger)),
                times=_TIMES,
                spent=perf_counter,
                typical=True,
                against=Yardstick(
                    name=f"a row of a bare commit of {CALLERS} in PostgreSQL",
                    reference=14.1,
                    run=lambda: self.loop.run_until_complete(bare.some()),
                    times=_TIMES,
                    spent=perf_counter,
                ),
            ),
        )


class _BareRows:
    """Commits of as many rows as there are callers, one after another."""

    def __init__(self, db: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._db, self._next = db, 0

    async def some(self) -> None:
        for _ in range(_EACH):
            numbers = range(self._next, self._next + CALLERS)
            self._next += CALLERS
            await self._db.execute(_BARE, numbers, [0] * CALLERS, [KIND] * CALLERS, [BODY] * CALLERS)


POSTGRES = 8_000
"""A third of what is asked of SQLite."""


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With both ledgers running; without a server's programs SQLite's alone."""
    bench = _Bench()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = bench.loop.run_until_complete(bench.sqlite(Path(folder)))
            if not can_be_measured():
                print("PostgreSQL is not measured here: there is none (apt-get install postgresql)")  # noqa: T201
                yield found
                return
            with own_cluster() as cluster:
                cluster.sql("CREATE DATABASE bench")
                yield *found, *bench.loop.run_until_complete(bench.postgres(cluster.url("bench")))
                bench.loop.run_until_complete(bench.stack.aclose())
        finally:
            bench.loop.run_until_complete(bench.stack.aclose())
            bench.loop.close()


def can_be_measured() -> bool:
    """Is there a PostgreSQL? RuntimeError where nothing may be left out."""
    there = programs() is not None
    if not there and os.environ.get("STRICT") == "1":
        raise RuntimeError("PostgreSQL is missing: apt-get install postgresql")
    return there
