"""What every Ledger, with its Rows, must do: one body of tests, every implementation."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Literal

import pytest

from broker.adapters.storage.ledger import SqliteLedger
from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.postgres.ledger import PostgresLedger
from broker.adapters.storage.postgres.reads import open_postgres_rows
from broker.adapters.storage.reads import SqliteRows, open_rows
from broker.core.audit.entry import EntryTooLargeError, decode
from broker.core.ids import ClientId, Issuer, PersonId
from broker.core.rows import Drop, Identity, Put, Revocation, Row, Task, changed
from broker.core.time import Seconds
from broker.ports import LedgerDownError, Rows, StaleError
from tests.adapters.storage.support import Place, SharedPlace, ended, entry, receipt
from tests.fakes import MemoryLedger, MemoryRows

FIRST = Revocation(id="grant:1", since=Seconds(1))


@dataclass
class Store:
    """A ledger and the rows that it stored."""

    ledger: MemoryLedger | SqliteLedger | PostgresLedger
    rows: MemoryRows | SqliteRows
    log: SqliteLog | None = None

    async def entries(self) -> Sequence[str]:
        """The ids of the entries in the order of the log, but for the first; when all have their place."""
        if self.log is None or isinstance(self.ledger, MemoryLedger):
            assert isinstance(self.ledger, MemoryLedger)
            return [each.id for each in self.ledger.entries[1:]]
        if isinstance(self.ledger, PostgresLedger):
            await self.ledger.ordered()
        return [decode(kept.body).entry.id for kept in reversed(await self.log.newest(500))][1:]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with AsyncExitStack() as stack:
        match request.param:
            case "memory":
                ledger = MemoryLedger()
                await ledger.record(entry(0, "log.created"))
                yield Store(ledger, MemoryRows(ledger))
            case "sqlite":
                place: Place = request.getfixturevalue("place")
                rows = await stack.enter_async_context(open_rows(place.database))
                log = await stack.enter_async_context(open_log(place.database, place.head))
                yield Store(await stack.enter_async_context(place.open()), rows, log)
            case _:
                shared: SharedPlace = request.getfixturevalue("shared_place")
                rows = await stack.enter_async_context(open_postgres_rows(shared.url))
                log = await stack.enter_async_context(shared.log())
                yield Store(await stack.enter_async_context(shared.open()), rows, log)


def receipts(*numbers: int) -> list[str]:
    return [receipt(n) for n in numbers]


async def everything(rows: Rows) -> list[Revocation]:
    return [row async for row in rows.scan(Revocation)]


async def test_the_log_is_in_the_order_in_which_things_were_recorded(store: Store) -> None:
    for n in range(1, 4):
        assert await store.ledger.record(entry(n)) in (n, None)
    assert await store.entries() == receipts(1, 2, 3)


async def test_of_concurrent_writes_each_has_its_place(store: Store) -> None:
    await asyncio.gather(*(store.ledger.record(entry(n)) for n in range(1, 100)))
    assert sorted(await store.entries()) == receipts(*range(1, 100))


async def test_many_records_side_by_side_are_each_for_itself(store: Store) -> None:
    await store.ledger.record_each([(entry(n), [ended(f"grant:{n}")]) for n in (1, 2, 3)])
    assert [row.id for row in await everything(store.rows)] == ["grant:1", "grant:2", "grant:3"]
    with pytest.raises(StaleError):
        await store.ledger.record_each([(entry(4), [ended("grant:4")]), (entry(5), [ended("grant:1")])])
    assert await store.rows.get(Revocation, "grant:4") is not None, "one that fails takes no other along"
    await store.ledger.record_each([])


async def test_what_was_recorded_can_be_read_at_once_and_in_order(store: Store) -> None:
    for n in (3, 1, 2):
        await store.ledger.record(entry(n), ended(f"grant:{n}"))
    assert await store.rows.get(Revocation, "grant:3") == ended("grant:3").row
    assert await store.rows.get(Revocation, "grant:4") is None
    assert [row.id for row in await everything(store.rows)] == ["grant:1", "grant:2", "grant:3"]


async def test_the_last_version_is_the_one_that_is_read(store: Store) -> None:
    await store.ledger.record(entry(1), Put(FIRST))
    await store.ledger.record(entry(2), Put(changed(FIRST, ground="because")))
    assert await everything(store.rows) == [changed(FIRST, ground="because")]


@pytest.mark.parametrize("version", [1, 3, 4])
async def test_only_the_next_version_may_follow(store: Store, version: int) -> None:
    await store.ledger.record(entry(1), Put(FIRST))
    with pytest.raises(StaleError):
        await store.ledger.record(entry(2), ended("grant:1", version))
    assert await everything(store.rows) == [FIRST]


async def test_a_later_version_of_nothing_is_stale(store: Store) -> None:
    with pytest.raises(StaleError):
        await store.ledger.record(entry(1), ended("grant:1", 2))
    assert await everything(store.rows) == []


@pytest.mark.parametrize("version", [0, -1])
async def test_versions_count_from_one(store: Store, version: int) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        await store.ledger.record(entry(1), ended("grant:1", version))


TASK = Task(
    id="t", person=PersonId("usr_ada"), client=ClientId("c"), family="f", datasets=(), grants=(), made=Seconds(1),
    ends=Seconds(2),
)  # fmt: skip


async def tasks(rows: Rows) -> list[Task]:
    return [row async for row in rows.scan(Task)]


@pytest.mark.row("KEEP1")
async def test_what_is_dropped_is_gone_and_its_neighbours_are_not(store: Store) -> None:
    heard: list[Row] = []
    second = changed(TASK, ended=Seconds(2))
    await store.ledger.record(entry(1), Put(TASK), Put(replace(TASK, id="u")), Put(replace(TASK, id="v")))
    await store.ledger.record(entry(2), Put(second))
    store.ledger.on_commit = heard.extend
    await store.ledger.record(entry(3), Drop(second), Drop(replace(TASK, id="v")), ended("grant:1"))
    assert [row.id for row in await tasks(store.rows)] == ["u"]
    assert {row.id for row in heard} == {"t", "v", "grant:1"}, "whoever remembers rows forgets these"
    assert await store.entries() == receipts(1, 2, 3)


@pytest.mark.row("KEEP1")
@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
async def test_what_was_changed_meanwhile_or_is_gone_is_not_dropped(store: Store, *, gone: bool) -> None:
    await store.ledger.record(entry(1), Put(TASK))
    await store.ledger.record(entry(2), Drop(TASK) if gone else Put(changed(TASK, ended=Seconds(2))))
    with pytest.raises(StaleError):
        await store.ledger.record(entry(3), Drop(TASK), ended("grant:1"))
    assert len(await tasks(store.rows)) == (0 if gone else 1)
    assert await everything(store.rows) == [], "together or not at all"
    await store.ledger.record(entry(3))
    assert await store.entries() == receipts(1, 2, 3)


@pytest.mark.row("KEEP1")
async def test_what_decisions_read_is_not_dropped(store: Store) -> None:
    await store.ledger.record(entry(1), Put(FIRST))
    with pytest.raises(ValueError, match="is kept"):
        await store.ledger.record(entry(2), Drop(FIRST))
    assert await everything(store.rows) == [FIRST]


async def test_of_two_who_change_the_same_row_one_wins_and_the_other_leaves_no_trace(store: Store) -> None:
    await store.ledger.record(entry(1), Put(FIRST))
    rivals = [(ended(f"other:{ground}"), Put(changed(FIRST, ground=ground))) for ground in ("a", "b")]
    got = await asyncio.gather(
        *(store.ledger.record(entry(n + 2), *rival) for n, rival in enumerate(rivals)), return_exceptions=True
    )
    assert [isinstance(each, StaleError) for each in got] == [False, True]
    assert [(row.id, row.ground) for row in await everything(store.rows)] == [("grant:1", "a"), ("other:a", "")]
    assert await store.entries() == receipts(1, 2), "the loser's entry was not stored"


async def test_changes_are_stored_together_or_not_at_all(store: Store) -> None:
    with pytest.raises(StaleError):
        await store.ledger.record(entry(1), ended("grant:1"), ended("grant:2"), ended("grant:1"))
    assert await everything(store.rows) == []
    await store.ledger.record(entry(1))
    assert await store.entries() == receipts(1), "and its receipt id is still free"


async def test_one_stale_wish_does_not_sink_its_neighbours(store: Store) -> None:
    wishes = [(1, "grant:1"), (2, "grant:1"), (3, "grant:3"), (3, "grant:4"), (5, "grant:5")]
    got = await asyncio.gather(
        *(store.ledger.record(entry(n), ended(what)) for n, what in wishes), return_exceptions=True
    )
    assert [isinstance(each, StaleError) for each in got] == [False, True, False, True, False]
    assert await store.entries() == receipts(1, 3, 5)
    assert [row.id for row in await everything(store.rows)] == ["grant:1", "grant:3", "grant:5"]


async def test_one_record_may_move_a_row_on_twice(store: Store) -> None:
    await store.ledger.record(entry(1), Put(FIRST), Put(changed(FIRST, ground="x")))
    assert await everything(store.rows) == [changed(FIRST, ground="x")]


async def test_a_receipt_id_is_used_once(store: Store) -> None:
    await store.ledger.record(entry(1))
    with pytest.raises(StaleError):
        await store.ledger.record(entry(1), ended("grant:1"))
    assert await everything(store.rows) == []
    await store.ledger.record(entry(2))
    assert await store.entries() == receipts(1, 2)


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancelled_caller_loses_its_answer_and_harms_nobody(store: Store, turns: int) -> None:
    doomed = asyncio.create_task(store.ledger.record(entry(1), ended("grant:1")))
    for _ in range(turns):
        await asyncio.sleep(0)
    doomed.cancel()
    await asyncio.gather(doomed, return_exceptions=True)
    async with asyncio.timeout(5):
        await store.ledger.record(entry(2))
        assert (await store.entries())[-1] == receipt(2)


async def test_followers_hear_of_rows_in_order_and_before_the_callers_do(store: Store) -> None:
    heard: list[Row] = []
    store.ledger.on_commit = heard.extend
    told: list[int] = []

    async def write(n: int) -> None:
        await store.ledger.record(entry(n), ended(f"grant:{n}"), ended(f"token:{n}"))
        told.append(len(heard))

    await asyncio.gather(*(write(n) for n in range(1, 6)))
    assert [row.id for row in heard] == [f"{what}:{n}" for n in range(1, 6) for what in ("grant", "token")]
    assert all(count >= 2 * n for n, count in enumerate(told, 1))


async def test_followers_hear_nothing_of_what_was_refused(store: Store) -> None:
    heard: list[Row] = []
    store.ledger.on_commit = heard.extend
    with pytest.raises(StaleError):
        await store.ledger.record(entry(1), ended("grant:1"), ended("grant:2", 7))
    assert heard == []


async def test_an_entry_that_does_not_fit_is_refused_before_anything_is_done(store: Store) -> None:
    large = entry(1, about={f"a{n}": ("x" * 1_000,) * 33 for n in range(2)})
    with pytest.raises(EntryTooLargeError):
        await store.ledger.record(large, ended("grant:1"))
    assert await everything(store.rows) == []


async def test_rows_are_found_by_a_member(store: Store) -> None:
    all_four = [Identity(id=f"i{n}", person=PersonId(f"p{n % 2}"), iss=Issuer("i"), sub=str(n)) for n in range(4)]
    await store.ledger.record(entry(1), *(Put(identity) for identity in all_four))
    found = [row async for row in store.rows.find(Identity, "person", "p1")]
    assert found == [all_four[1], all_four[3]]
    for most, there in ((1, [all_four[3]]), (9, [all_four[3], all_four[1]]), (0, [])):
        assert [row async for row in store.rows.newest(Identity, "person", "p1", most)] == there
    every = {"p1": [all_four[3], all_four[1]], "p0": [all_four[2], all_four[0]], "none": []}
    for most in (1, 2, 9):
        wanted = [row for person in every for row in every[person][:most]]
        assert [row async for row in store.rows.newest_of(Identity, "person", list(every), most)] == wanted
    assert [row async for row in store.rows.newest_of(Identity, "person", [], 9)] == []
    ids = [row.id for row in all_four]
    assert [row async for row in store.rows.each(Identity, [*ids[::-1], "none", ids[0]])] == all_four
    assert [row async for row in store.rows.each(Identity, [])] == []
    for id, most, since in (("", 9, all_four), ("i0", 9, all_four[1:]), ("i0", 2, all_four[1:3]), ("i3", 9, [])):
        assert [row async for row in store.rows.after(Identity, id, most)] == since
    for asked in (store.rows.each(Identity, ["x"] * 501), store.rows.newest_of(Identity, "person", ["x"] * 501, 1)):
        with pytest.raises(ValueError, match="500"):
            [row async for row in asked]


@pytest.mark.row("F9")
@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_the_fake_breaks_as_the_real_one_does(breaks: Literal["lost", "stored"]) -> None:
    ledger = MemoryLedger(breaks=breaks)
    with pytest.raises(LedgerDownError):
        await ledger.record(entry(1), ended("grant:1"))
    assert (len(ledger.rows) == 1) == (breaks == "stored")
    with pytest.raises(LedgerDownError):
        await ledger.record(entry(2))
