"""Pages over a real socket, where there are 100,000 datasets and as many grants: server time, and nobody waits first."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from broker.adapters.snapshots import LiveSnapshot
from broker.app import opened, serving
from broker.config import Settings
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.rows import Dataset, Grant, Person, Put, Row
from broker.core.time import Seconds
from broker.state import make_state
from broker.web.state import BROKER
from tests import builders as b
from tests.bench.drs import logging_nowhere
from tests.bench.measure import Goal
from tests.web.browsing import browser_session, secret

MANY = 100_000
PAGE_MICROS = 50_000
SEARCH_MICROS = 100_000
PAGES = {
    "the page of a dataset": f"/dataset?id={b.HEART}",
    "the public register": "/register",
    "what one holds": "/me",
    "one's grants": "/grants",
    "one's applications": "/applications",
}
_DAY = 86_400
_TIMES = 5
_DAYS = 1_000
"""Over which the grants of others began."""


class _Door:
    """A running broker, one connection to it, and somebody who is signed in."""

    def __init__(self, loop: asyncio.AbstractEventLoop, live: LiveSnapshot) -> None:
        self.loop, self.live = loop, live
        self.reader: Any = None
        self.writer: Any = None
        self.version = 1

    def get(self, path: str) -> None:
        for _ in range(_TIMES):
            self.loop.run_until_complete(self._get(path))

    def search_after_a_change(self) -> None:
        """Each search is the first after a dataset changed."""
        for _ in range(_TIMES):
            self.version += 1
            title = f"Hearts, version {self.version}"
            self.live.committed([replace(_dataset(7), version=self.version, title=title)])
            text = self.loop.run_until_complete(self._get(f"/datasets?q=version+{self.version}+hearts"))
            assert title in text

    async def _get(self, path: str) -> str:
        cookie = f"__Host-broker-session={secret('ada')}"
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: broker\r\nCookie: {cookie}\r\n\r\n".encode())
        told = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in told.split("\r\n")[0], told
        size = int(told.split("content-length: ")[1].split("\r\n")[0])
        return str((await self.reader.readexactly(size)).decode())


def _dataset(n: int) -> Dataset:
    return b.dataset(
        id=DatasetId(f"https://data.example/{n:06d}"), title=f"Study {n} of lungs", description="Genomes. " * 30
    )


def _others(now: Seconds) -> Iterator[Row]:
    """What is there besides: datasets, and grants of other people."""
    dataset, grant = _dataset(0), b.grant(ends=Seconds(now + 400 * _DAY))
    for n in range(MANY):
        id = DatasetId(f"https://data.example/{n:06d}")
        yield replace(dataset, id=id, title=f"Study {n} of lungs")
        yield replace(
            grant,
            id=GrantId(f"grt_{n:06d}"),
            person=PersonId(f"usr_{n % 5000}"),
            dataset=id,
            begins=Seconds(now - n % _DAYS * _DAY),
        )


async def _opened(stack: AsyncExitStack, loop: asyncio.AbstractEventLoop, chosen: Settings) -> _Door:
    running = await stack.enter_async_context(opened(chosen))
    port = await stack.enter_async_context(serving(running, chosen))
    w = running.world
    now = w.clock.now()
    lasting: Grant = b.grant(begins=Seconds(now - 10), ends=Seconds(now + 300 * _DAY))
    session = browser_session("ada", auth_time=now, expires=Seconds(now + 9 * 3600))
    rows = [*b.rows(grant=lasting), Person(id=b.ADA, log_key="aa" * 32, created=now), session]
    await w.ledger.record(w.entry("catalogue.applied", now, None, {"rows": len(rows)}), *map(Put, rows))
    live = cast("LiveSnapshot", running.app[BROKER].snapshots)
    live.committed(_others(now))
    door = _Door(loop, live)
    door.reader, door.writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    return door


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker that serves meanwhile, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, logging_nowhere():
        chosen = Settings(issuer=str(b.US), state=Path(folder) / "state", mode="example", port=0)
        make_state(chosen)
        loop, stack = asyncio.new_event_loop(), AsyncExitStack()
        try:
            door = loop.run_until_complete(_opened(stack, loop, chosen))
            yield _goals(door)
        finally:
            loop.run_until_complete(stack.aclose())
            loop.close()


def _goals(door: _Door) -> tuple[Goal, ...]:
    among = "among 100,000 datasets and grants"
    return (
        Goal(
            name=f"the catalogue searched, just after a change, {among}",
            micros=SEARCH_MICROS,
            run=door.search_after_a_change,
            times=_TIMES,
        ),
        *(
            Goal(name=f"{name}, {among}", micros=PAGE_MICROS, run=lambda path=path: door.get(path), times=_TIMES)  # type: ignore[misc]
            for name, path in PAGES.items()
        ),
    )
