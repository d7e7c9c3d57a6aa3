"""Rows that are kept: always those of the last commit, however reads and commits cross."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.storage.remembered import FOUND, KEPT, RememberedRows
from broker.app import opened
from broker.config import Settings
from broker.core.ids import PersonId
from broker.core.rows import Family, Person, Put, Revocation, Row, Session, changed
from broker.core.time import Seconds
from broker.ports import Rows
from broker.state import make_state
from tests import builders as b
from tests.fakes import START

ADA = Person(id=b.ADA, log_key="aa" * 32, created=START)
SESSION = Session(
    id="s0", person=ADA.id, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=START, expires=Seconds(START + 10)
)


@dataclass
class Slow:
    """Rows whose reads take a turn of the loop, and see what was stored when they began."""

    stored: dict[tuple[str, str], Any] = field(default_factory=dict)
    reads: int = 0

    async def get(self, kind: Any, id: str) -> Any:
        self.reads += 1
        found = self.stored.get((kind.KIND, id))
        await asyncio.sleep(0)
        return found

    async def scan(self, kind: Any) -> AsyncIterator[Any]:
        for row in [row for (name, _), row in sorted(self.stored.items()) if name == kind.KIND]:
            yield row

    async def find(self, kind: Any, member: str, value: str) -> AsyncIterator[Any]:
        self.reads += 1
        rows = [row for (name, _), row in sorted(self.stored.items()) if name == kind.KIND]
        await asyncio.sleep(0)
        for row in rows:
            if getattr(row, member) == value:
                yield row

    async def newest(self, kind: Any, member: str, value: str, most: int) -> AsyncIterator[Any]:
        found = [row async for row in self.find(kind, member, value)]
        for row in found[::-1][:most]:
            yield row

    async def newest_of(self, kind: Any, member: str, values: Any, most: int) -> AsyncIterator[Any]:
        for value in values:
            async for row in self.newest(kind, member, value, most):
                yield row

    async def after(self, kind: Any, id: str, most: int) -> AsyncIterator[Any]:
        for row in [row for (name, one), row in sorted(self.stored.items()) if name == kind.KIND and one > id][:most]:
            yield row

    async def each(self, kind: Any, ids: Any) -> AsyncIterator[Any]:
        for id in ids:
            yield await self.get(kind, id)


def put(slow: Slow, rows: RememberedRows, row: Row) -> None:
    slow.stored[row.KIND, row.id] = row
    rows.changed((row,))


async def listed(rows: Rows, kind: Any, member: str, value: str) -> list[Any]:
    return [row async for row in rows.find(kind, member, value)]


async def test_a_row_is_read_once_until_it_changes() -> None:
    slow = Slow()
    rows = RememberedRows(slow)
    put(slow, rows, ADA)
    assert [await rows.get(Person, ADA.id) for _ in range(3)] == [ADA] * 3
    assert slow.reads == 1
    put(slow, rows, gone := changed(ADA, log_key=""))
    assert [await rows.get(Person, ADA.id) for _ in range(2)] == [gone] * 2
    assert slow.reads == 2


async def test_what_was_put_while_it_was_read_is_not_kept_as_it_was() -> None:
    slow = Slow()
    rows = RememberedRows(slow)
    put(slow, rows, ADA)
    put(slow, rows, SESSION)
    reading = [asyncio.ensure_future(rows.get(Person, ADA.id)), asyncio.ensure_future(listed(rows, Session, "person", ADA.id))]  # fmt: skip
    await asyncio.sleep(0)
    put(slow, rows, gone := changed(ADA, log_key=""))
    put(slow, rows, ended := changed(SESSION, ended=START))
    assert [await reading[0], await reading[1]] == [ADA, [SESSION]]  # as it was when they asked
    assert await rows.get(Person, ADA.id) == gone
    assert await listed(rows, Session, "person", ADA.id) == [ended]


async def test_a_new_row_is_found_and_other_members_are_asked_for_each_time() -> None:
    slow = Slow()
    rows = RememberedRows(slow)
    assert await listed(rows, Session, "person", ADA.id) == []
    put(slow, rows, SESSION)
    assert await listed(rows, Session, "person", ADA.id) == [SESSION]
    before = slow.reads
    await listed(rows, Session, "person", ADA.id)
    assert slow.reads == before
    await listed(rows, Session, "idp", b.HOME)
    await listed(rows, Session, "idp", b.HOME)
    assert slow.reads == before + 2


async def test_what_is_not_there_and_other_kinds_are_not_kept() -> None:
    slow = Slow()
    rows = RememberedRows(slow)
    await rows.get(Person, "usr_none")
    await rows.get(Revocation, "grant:1")
    assert (len(rows), rows._reading) == (0, {})


async def test_it_is_bounded() -> None:
    slow = Slow()
    rows = RememberedRows(slow, most=3)
    for n in range(9):
        put(slow, rows, replace(ADA, id=PersonId(f"usr_{n}")))
        await rows.get(Person, f"usr_{n}")
    assert len(rows) == 3


Step = tuple[str, int]


@given(st.lists(st.tuples(st.sampled_from(["put", "get", "find", "turn"]), st.integers(0, 2)), max_size=30))
def test_whatever_crosses_a_read_that_begins_later_sees_the_last_commit(steps: list[Step]) -> None:
    asyncio.run(_crossed(steps))


async def _crossed(steps: list[Step]) -> None:
    slow = Slow()
    rows = RememberedRows(slow)
    waiting: list[asyncio.Future[Any]] = []
    for what, n in steps:
        known = slow.stored.get(("session", f"s{n}"))
        if what == "put":
            put(slow, rows, replace(SESSION, id=f"s{n}") if known is None else changed(known, ended=START))
        elif what == "get":
            waiting.append(asyncio.ensure_future(rows.get(Session, f"s{n}")))
        elif what == "find":
            waiting.append(asyncio.ensure_future(listed(rows, Session, "person", ADA.id)))
        await asyncio.sleep(0)
    for n in range(3):
        assert await rows.get(Session, f"s{n}") == slow.stored.get(("session", f"s{n}"))
    assert await listed(rows, Session, "person", ADA.id) == [row for _, row in sorted(slow.stored.items())]
    await asyncio.gather(*waiting)


def test_a_list_is_kept_by_a_member_that_every_row_of_its_kind_has() -> None:
    assert FOUND.keys() <= KEPT
    assert all(member in kind.__slots__ for kind, member in FOUND.items())  # type: ignore[attr-defined]


ENDS: dict[str, Callable[[Any], Row]] = {"person": lambda p: changed(p[0], log_key=""), "session": lambda p: changed(p[1], ended=START), "family": lambda p: changed(p[2], released=frozenset())}  # fmt: skip


@pytest.mark.row("RO-AGAIN")
async def test_in_the_whole_broker_a_commit_reaches_what_is_kept(tmp_path: Path) -> None:
    """Wired as `serve` wires it: whoever else listens to commits takes nobody's place."""
    chosen = Settings(issuer=str(b.US), state=tmp_path / "state", mode="example", port=0)
    make_state(chosen)
    async with opened(chosen) as running:
        w = running.world
        family = Family(
            id="f0", client=b.DAC, person=ADA.id, session=SESSION.id, scope=("openid",), released=None,  # type: ignore[arg-type]
            auth_time=START, expires=SESSION.expires,
        )  # fmt: skip
        told: tuple[Any, ...] = (ADA, SESSION, family)
        await w.ledger.record(w.entry("person.made", w.clock.now(), None), *map(Put, told))
        for row in told:
            first = await w.rows.get(type(row), row.id)
            assert first is await w.rows.get(type(row), row.id)
        assert await listed(w.rows, Session, "person", ADA.id) == [SESSION]
        for name, row in zip(("person", "session", "family"), told, strict=True):
            after = ENDS[name](told)
            await w.ledger.record(w.entry("session.ended", w.clock.now(), None), Put(after))
            assert await w.rows.get(type(row), row.id) == after
        assert [row.ended for row in await listed(w.rows, Session, "person", ADA.id)] == [START]
