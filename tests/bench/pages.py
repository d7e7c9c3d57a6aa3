"""Pages over a real socket: server time among 100,000 datasets, a million grants and ten million entries of the record.

Nobody waits first: who looks at the catalogue just after a change has it searched as it is now.
"""

import asyncio
import gc
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from broker.adapters.snapshots import LiveSnapshot
from broker.app import opened, serving
from broker.config import Settings
from broker.core.consultations import MOST_TEXT
from broker.core.copied import copied
from broker.core.duo.vocabulary import DS
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.rows import Comment, Consultation, Dataset, Grant, Person, Put, Role, Row
from broker.core.time import Seconds
from broker.web.state import BROKER
from tests import builders as b
from tests.bench.drs import logging_nowhere
from tests.bench.long_log import LongLog
from tests.bench.measure import Goal
from tests.web.browsing import browser_session, secret

DATASETS, GRANTS, DISEASES = 100_000, 1_000_000, 30_000
PAGE_MICROS = 50_000
SEARCH_MICROS = 100_000
ASKED = "cst_1"
PAGES = {
    "the page of a dataset": f"/dataset?id={b.HEART}",
    "the public register": "/register",
    "what one holds": "/me",
    "one's grants": "/grants",
    "one's applications": "/applications",
    "the newest of the record, to an auditor": "/admin/log",
    "what runs, to an auditor": "/admin/running",
    "the grants that end soon, to their committee": "/renewals",
    "what waits for a committee": "/reviews",
    "what happened to one's data": "/my-data",
    "findings about participants": "/findings",
    "rules, and what they are asked about": "/policies",
    "a consultation with a thousand comments": f"/consultations/{ASKED}",
    "who sits beside whose data": "/figures",
    "the list of datasets, to a program": "/api/v1/datasets?page_size=200",
    f"a disease looked for among {DISEASES:,} by words": "/pick/diseases?diseases.find=lung+disease",
    "an empty application": "/applications/new",
}
SEARCHES = {
    "data looked for by their title": "/pick/datasets?datasets.find=study+of+lungs",
    "the catalogue searched for a disease": "/datasets?q=lung+disease+of+kind+17",
    "the catalogue searched for eight parts of what everything says": "/datasets?q=https+data.e+xample%2F+tudy+lun+genom+nomes+of",
    "data looked for by eight parts of what everything says": "/pick/datasets?datasets.find=https+data.e+xample%2F+tudy+lun+genom+nomes+of",
    "data looked for by eight parts of names of diseases": "/pick/datasets?datasets.find=disord+pulmon+kind+disea+nary+rder+ind+ase",
}
_WHO = {"/admin/log": "eve", "/admin/running": "eve", "/renewals": "mei", "/reviews": "mei", "/my-data": "pia"}
"""Who looks at it, if not Ada."""
_DAY = 86_400
_TIMES = 5
_PEOPLE = 5_000
_COMMENTS = 1_000
"""To one consultation: as many as there may be."""
_DAYS = 1_000
"""Over which the grants of others began, and will end."""


class _Door:
    """A running broker, one connection to it, and somebody who is signed in."""

    def __init__(self, loop: asyncio.AbstractEventLoop, live: LiveSnapshot, port: int) -> None:
        self.loop, self.live, self.port = loop, live, port
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

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)

    async def _get(self, path: str) -> str:
        try:
            return await self._asked(path)
        except (ConnectionError, asyncio.IncompleteReadError):  # it waited for its turn, and was closed as idle
            await self.connect()
            return await self._asked(path)

    async def _asked(self, path: str) -> str:
        cookie = f"__Host-broker-session={secret(_WHO.get(path, 'ada'))}"
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: broker\r\nCookie: {cookie}\r\n\r\n".encode())
        told = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in told.split("\r\n")[0], told
        size = int(told.split("content-length: ")[1].split("\r\n")[0])
        return str((await self.reader.readexactly(size)).decode())


def _dataset(n: int) -> Dataset:
    return b.dataset(
        id=DatasetId(f"https://data.example/{n:06d}"), title=f"Study {n} of lungs", description="Genomes. " * 30
    )


def _disease(n: int) -> str:
    return f"MONDO:{n:07}"


def _ontology() -> str:
    """As many terms as MONDO has, each with two other names, and a kind of others up to the top."""
    terms = (
        f"[Term]\nid: {_disease(n)}\nname: lung disease of kind {n}\n"
        f'synonym: "disorder {n} of the lung" EXACT []\nsynonym: "pulmonary {n}" EXACT []\n'
        + (f"is_a: {_disease(n // 3)}\n" if n else "")
        for n in range(DISEASES)
    )
    return "format-version: 1.2\n\n" + "\n".join(terms)


def others(now: Seconds) -> Iterator[Row]:
    """What is there besides: datasets, and grants of other people."""
    dataset, grant = _dataset(0), b.grant()
    ids = [DatasetId(f"https://data.example/{n:06d}") for n in range(DATASETS)]
    for n, id in enumerate(ids):
        duo = b.codes({"code": DS, "diseases": [_disease(n // 10)]}) if n % 10 == 0 else dataset.duo
        yield copied(dataset, id=id, title=f"Study {n} of lungs", duo=duo)
    for n in range(GRANTS):
        begins, ends = Seconds(now - n % _DAYS * _DAY), Seconds(now + (n % _DAYS + 1) * _DAY)
        person = PersonId(f"usr_{n % _PEOPLE}")
        yield copied(
            grant, id=GrantId(f"grt_{n:07d}"), person=person, dataset=ids[n % DATASETS], begins=begins, ends=ends
        )


def _people(now: Seconds) -> Iterator[Row]:
    """Who looks: a researcher, an auditor, the chair of a committee, a participant."""
    for name in ("ada", "eve", "mei", "pia"):
        subject = b.PIA if name == "pia" else None
        yield Person(id=PersonId(f"usr_{name}"), log_key="aa" * 32, created=now, subject=subject)
        yield browser_session(name, auth_time=now, expires=Seconds(now + 9 * 3600))
    yield Role(id="r-eve", role="auditor", scope="service", iss=b.HOME, sub="eve")


def _consulted(now: Seconds) -> Iterator[Row]:
    """As many people as may say as much as they may about other rules."""
    yield Consultation(
        id=ASKED, proposal="pro_1", pack="core-baseline", release="2", digest="d", text="rule: text\n" * 500,
        ground="A new number.", communities=(), public=True, opened=now, opened_by=PersonId("usr_eve"),
        until=Seconds(now + 14 * _DAY),
    )  # fmt: skip
    for n in range(_COMMENTS):
        person, text = PersonId(f"usr_{n % _PEOPLE}"), "Genomes. " * (MOST_TEXT // 9)
        yield Comment(id=f"com_{n:05d}", consultation=ASKED, person=person, objects=n % 2 == 0, text=text, at=now)


async def _opened(stack: AsyncExitStack, loop: asyncio.AbstractEventLoop, chosen: Settings) -> _Door:
    running = await stack.enter_async_context(opened(chosen))
    port = await stack.enter_async_context(serving(running, chosen))
    w = running.world
    now = w.clock.now()
    lasting: Grant = b.grant(begins=Seconds(now - 10), ends=Seconds(now + 300 * _DAY))
    rows = [*b.rows(grant=lasting), *_people(now), *_consulted(now)]
    await w.ledger.record(w.entry("catalogue.applied", now, None, {"rows": len(rows)}), *map(Put, rows))
    live = cast("LiveSnapshot", running.app[BROKER].snapshots)
    gc.disable()  # nothing of them is garbage, and looking for some would take longer than making them
    live.committed(others(now))
    gc.enable()
    door = _Door(loop, live, port)
    await door.connect()
    return door


@contextmanager
def goals(log: LongLog) -> Iterator[tuple[Goal, ...]]:
    """With a broker that serves meanwhile, whose record is that log."""
    with tempfile.TemporaryDirectory() as folder, logging_nowhere():
        named = Path(folder) / "diseases.obo"
        named.write_text(_ontology(), "utf-8")
        changes = {"port": 0, "ontology": named}
        chosen = log.settings.model_copy(update=changes)
        loop, stack = asyncio.new_event_loop(), AsyncExitStack()
        try:
            door = loop.run_until_complete(_opened(stack, loop, chosen))
            yield _goals(door, log)
        finally:
            loop.run_until_complete(stack.aclose())
            loop.close()


def _goals(door: _Door, log: LongLog) -> tuple[Goal, ...]:
    among = f"among {DATASETS:,} datasets, {GRANTS:,} grants and {log.size:,} entries"
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
        *(
            Goal(name=f"{name}, {among}", micros=SEARCH_MICROS, run=lambda path=path: door.get(path), times=_TIMES)  # type: ignore[misc]
            for name, path in SEARCHES.items()
        ),
    )
