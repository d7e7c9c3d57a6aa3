"""What many processes on one PostgreSQL must do besides: one order for all, and no yes by what is old."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
import pytest

from broker.adapters.note_keys import verify as verify_signature
from broker.adapters.storage.codec import store
from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres import writer
from broker.adapters.storage.postgres.connections import UNDONE, Connection, as_process, connect, numbered
from broker.adapters.storage.postgres.create import create_postgres, upgrade_postgres
from broker.adapters.storage.postgres.ledger import PostgresLedger
from broker.adapters.storage.postgres.ordering import LogOf
from broker.adapters.storage.postgres.reads import open_postgres_rows, open_postgres_scratch, processes
from broker.adapters.storage.schema import metadata
from broker.adapters.storage.writer import Wish, wish_for
from broker.core.audit.entry import decode
from broker.core.audit.note import cosign_note, signed_lines
from broker.core.audit.proof import verify_proof
from broker.core.audit.signature_kinds import COSIGNED_ML_DSA
from broker.core.rows import Put, Revocation, Row, changed
from broker.core.time import Seconds
from broker.ports import LedgerDownError, StaleError
from tests.adapters.storage.support import KEY, ORIGIN, SharedPlace, ed25519, ended, entry, receipt, sign
from tests.fakes import CountingEntropy, FakeClock
from tests.witness import signer

FIRST = Revocation(id="grant:1", since=Seconds(1))


def following(ledger: PostgresLedger) -> list[Row]:
    heard: list[Row] = []
    ledger.on_commit = heard.extend
    return heard


async def soon(said: Sequence[object], count: int) -> None:
    async with asyncio.timeout(5):
        while len(said) < count:  # noqa: ASYNC110 (what is waited for is a list)
            await asyncio.sleep(0.005)


async def receipts(place: SharedPlace) -> Sequence[str]:
    async with place.log() as log:
        return [decode(kept.body).entry.id for kept in reversed(await log.newest(500))][1:]


@pytest.mark.row("PG-ONE-LOG")
async def test_two_processes_have_one_log_and_both_follow_it_in_its_order(shared_place: SharedPlace) -> None:
    async with shared_place.open() as one, shared_place.open() as other:
        heard, told = following(one), following(other)
        await asyncio.gather(
            *(ledger.record(entry(n), ended(f"grant:{n}")) for n in range(1, 41) for ledger in [(one, other)[n % 2]])
        )
        await soon(heard, 40)
        await soon(told, 40)
        assert heard == told
        assert one.leads != other.leads, "one of them puts the log in order"
    order = await receipts(shared_place)
    assert [f"grant:{order.index(receipt(n))}" for n in range(1, 41)] == [
        f"grant:{[row.id for row in heard].index(f'grant:{n}')}" for n in range(1, 41)
    ]


@pytest.mark.row("PG-ONE-LOG")
async def test_versions_of_a_row_have_their_places_in_their_order(shared_place: SharedPlace) -> None:
    async with shared_place.open() as one, shared_place.open() as other:
        heard, row = following(other), FIRST
        for n in range(1, 8):
            await one.record(entry(n), Put(row))
            row = changed(row, ground=str(n))
        wishes = [wish_for(entry(9), (store(Put(row)),)), wish_for(entry(10), (store(Put(changed(row))),))]
        db = await connect(shared_place.url)
        await writer.commit(db, wishes)
        db.terminate()
        await soon(heard, 9)
        assert [each.version for each in heard] == list(range(1, 10))


async def test_of_two_processes_that_change_the_same_row_one_wins(shared_place: SharedPlace) -> None:
    async with shared_place.open() as one, shared_place.open() as other:
        await one.record(entry(1), Put(FIRST))
        got = await asyncio.gather(
            one.record(entry(2), Put(changed(FIRST, ground="a"))),
            other.record(entry(3), Put(changed(FIRST, ground="b"))),
            return_exceptions=True,
        )
        assert sorted(type(each).__name__ for each in got) == ["NoneType", "StaleError"]
        await one.ordered()
    assert len(await receipts(shared_place)) == 2


async def test_a_receipt_id_is_used_once_by_all_processes(shared_place: SharedPlace) -> None:
    async with shared_place.open() as one, shared_place.open() as other:
        got = await asyncio.gather(one.record(entry(1)), other.record(entry(1)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in got) == ["NoneType", "StaleError"]
        await one.ordered()
        with pytest.raises(StaleError):
            await other.record(entry(1))


@pytest.mark.row("PG-SEQUENCER")
async def test_when_the_sequencer_goes_the_next_one_goes_on(shared_place: SharedPlace) -> None:
    async with shared_place.open() as other:
        async with shared_place.open() as one:
            await other.record(entry(1), ended("grant:1"))
            await one.record(entry(2))
        async with asyncio.timeout(5):
            await other.record(entry(3), ended("grant:3"))
        assert other.leads
        await other.ordered()
    assert await receipts(shared_place) == [receipt(n) for n in (1, 2, 3)]


async def test_what_was_written_while_nobody_ordered_it_has_its_place_later(shared_place: SharedPlace) -> None:
    """A process that ended between its commit and the next one of the sequencer."""
    db = await connect(shared_place.url)
    await writer.commit(db, [wish_for(entry(1))])
    db.terminate()
    async with shared_place.open() as ledger:
        await ledger.ordered()
    assert await receipts(shared_place) == [receipt(1)]


async def test_every_checkpoint_is_signed_and_the_head_follows(shared_place: SharedPlace) -> None:
    async with shared_place.open(publish_seconds=0.01) as ledger:
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(1, 700)))
    async with shared_place.log() as log:
        published = await log.published()
        assert published.size == 700
        for n in (1, 256, 699):
            proof = await log.proof(receipt(n))
            assert proof is not None
            assert verify_proof(proof, proof.extra or b"", ORIGIN, [KEY], ed25519).size == 700


SECOND, TIME = signer(COSIGNED_ML_DSA, ORIGIN), 1_800_000_000


@pytest.mark.row("AL8")
async def test_a_second_key_signs_what_is_published_whoever_published_before(shared_place: SharedPlace) -> None:
    """One process has the second key, the next has none, a third has it again: the head goes on from each."""
    for turn, has_it in enumerate((True, False, True)):
        also = {"also": lambda note: cosign_note(note, SECOND, TIME)} if has_it else {}
        async with shared_place.open(publish_seconds=0.01, **also) as ledger:
            await ledger.record(entry(turn + 1))
        async with shared_place.log() as log:
            published, proof = await log.published(), await log.proof(receipt(turn + 1))
        assert published.size == turn + 2
        lines = signed_lines(published.note, [KEY, SECOND.key], verify_signature)
        assert len(lines) == 1 + has_it
        assert proof is not None
        assert len(signed_lines(proof.checkpoint, [SECOND.key], verify_signature)) == has_it


async def test_a_clock_that_goes_back_is_told_of(shared_place: SharedPlace) -> None:
    async with shared_place.open() as ledger:
        await ledger.record(entry(1))
        await ledger.ordered()
        shared_place.clock.time = Seconds(shared_place.clock.time - 100)
        await ledger.record(entry(2))
        await ledger.ordered()
    async with shared_place.log() as log:
        assert [decode(kept.body).entry.kind for kept in await log.newest(2)] == ["decision.made", "clock.step"]


@pytest.mark.row("PG-DURABLE")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous_commit", "off"),
        ("synchronous_commit", "local"),
        ("default_transaction_isolation", "'repeatable read'"),
        ("default_transaction_read_only", "on"),
    ],
)
async def test_a_server_that_would_not_keep_what_it_acknowledged_is_refused(
    shared_place: SharedPlace, name: str, value: str
) -> None:
    db = shared_place.database
    db.cluster.sql(f"ALTER DATABASE {db.name} SET {name} = {value}")
    try:
        with pytest.raises(DurabilityError, match=name.removeprefix("default_")):
            async with shared_place.open():
                raise AssertionError
    finally:
        db.cluster.sql(f"ALTER DATABASE {db.name} RESET {name}")


@pytest.mark.row("PG-UNKNOWN")
async def test_a_commit_without_an_answer_fails_its_callers_and_is_never_tried_again(
    shared_place: SharedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = 0
    execute = asyncpg.Connection.execute

    async def lost(self: Connection, query: str, *args: object, **more: object) -> str:
        nonlocal committed
        said = await execute(self, query, *args, **more)  # type: ignore[arg-type]
        if query == "COMMIT":
            committed += 1
            raise ConnectionResetError
        return said

    async with shared_place.open() as ledger:
        heard = following(ledger)
        monkeypatch.setattr(asyncpg.Connection, "execute", lost)
        with pytest.raises(LedgerDownError):
            await ledger.record(entry(1), ended("grant:1"))
        monkeypatch.undo()
        assert committed == 1
        await ledger.record(entry(2), ended("grant:2"))
        await soon(heard, 2)
        assert [row.id for row in heard if isinstance(row, Revocation)] == ["grant:1", "grant:2"], "it was stored"
        assert not ledger.failed


@pytest.mark.row("PG-UNKNOWN")
@pytest.mark.parametrize("code", UNDONE)
@pytest.mark.parametrize(("times", "stored"), [(1, True), (3, True), (4, False)])
async def test_what_the_server_took_back_is_tried_three_times_more(
    shared_place: SharedPlace,
    monkeypatch: pytest.MonkeyPatch,
    code: type[asyncpg.PostgresError],
    times: int,
    *,
    stored: bool,
) -> None:
    left, real = times, writer.put_aside

    async def undone(db: Connection, wishes: Sequence[Wish]) -> bool:
        nonlocal left
        left -= 1
        if left >= 0:
            raise code("taken back")
        return await real(db, wishes)

    async with shared_place.open() as ledger:
        monkeypatch.setattr(writer, "put_aside", undone)
        if stored:
            await ledger.record(entry(1), ended("grant:1"))
        else:
            with pytest.raises(LedgerDownError):
                await ledger.record(entry(1), ended("grant:1"))
        monkeypatch.undo()
        await ledger.record(entry(2))
        await ledger.ordered()
    assert len(await receipts(shared_place)) == 1 + stored


@pytest.mark.row("PG-STALE")
async def test_a_picture_of_which_nothing_is_heard_is_no_ground_for_a_yes(shared_place: SharedPlace) -> None:
    silent = asyncio.Event()
    async with shared_place.open(poll=0.01, stale=0.3) as ledger:
        ledger.on_silence(silent.set)
        assert ledger.is_fresh
        ledger._feed._url = shared_place.database.cluster.url("nobody")
        while not silent.is_set():
            with suppress(asyncpg.PostgresError):
                await kill_others(shared_place)
            await asyncio.sleep(0.01)
        assert not ledger.is_fresh
        ledger._feed._url = shared_place.url
        async with asyncio.timeout(5):
            while not ledger.is_fresh:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await ledger.record(entry(1), ended("grant:1"))


async def kill_others(place: SharedPlace) -> None:
    db = await connect(place.url)
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    db.terminate()


@pytest.mark.row("PG-KILLED")
async def test_backends_that_are_killed_lose_nothing_that_was_acknowledged(shared_place: SharedPlace) -> None:
    acknowledged: list[str] = []
    done = asyncio.Event()

    async def write(ledger: PostgresLedger, first: int) -> None:
        for n in range(first, first + 400):
            if done.is_set():
                return
            try:
                await ledger.record(entry(n), *([ended(f"grant:{n}")] if n % 3 == 0 else []))
                acknowledged.append(receipt(n))
            except LedgerDownError:
                await asyncio.sleep(0.02)

    async def kill() -> None:
        for _ in range(4):
            await kill_others(shared_place)
            await asyncio.sleep(0.3)
        done.set()

    async with shared_place.open() as one, shared_place.open() as other:
        heard, told = following(one), following(other)
        killing = asyncio.create_task(kill())
        await asyncio.gather(*(write((one, other)[n % 2], n * 400 + 1) for n in range(4)))
        await killing
        assert not one.failed
        assert not other.failed
        await one.ordered()
        await other.ordered()
        assert [row.id for row in heard] == [row.id for row in told]
    stored = await receipts(shared_place)
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert acknowledged
    async with open_postgres_rows(shared_place.url) as rows:
        kept = {row.id async for row in rows.scan(Revocation)}
    assert kept == {row.id for row in heard}


async def test_the_log_of_somebody_else_or_of_before_is_refused(shared_place: SharedPlace) -> None:
    with pytest.raises(LedgerRefusedError, match="the log of another origin"):
        async with shared_place.open(origin="other.example.org/audit"):
            raise AssertionError
    async with shared_place.open() as ledger:
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(1, 10)))
    db = shared_place.database
    for table in ("record WHERE seq > 0", "checkpoint WHERE size > 1"):
        db.cluster.sql(f"DELETE FROM {table}", db.name)
    with pytest.raises(LedgerRefusedError, match="old backup"):
        async with shared_place.open():
            raise AssertionError


async def test_tables_are_those_of_sqlite_and_two_more(shared_place: SharedPlace) -> None:
    found = shared_place.database.ask(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    described = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns}
    more = {pair for pair in found if pair not in described}
    assert described <= set(found)
    assert {table for table, _ in more} == {"alembic_version", "pending", "feed"}


async def test_a_database_is_made_once_and_not_brought_up_to_date_under_a_running_broker(
    shared_place: SharedPlace,
) -> None:
    log = LogOf(origin=ORIGIN, sign=sign, clock=FakeClock(), entropy=CountingEntropy())
    with pytest.raises(FileExistsError):
        await create_postgres(shared_place.url, shared_place.url, log)
    await upgrade_postgres(shared_place.url)
    async with shared_place.open():
        with pytest.raises(LedgerRefusedError, match="in use"):
            await upgrade_postgres(shared_place.url)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("a = ? AND b = ?", "a = $1 AND b = $2"), ("a = ?2 AND b = ?1", "a = $2 AND b = $1"), ("a", "a")],
)
def test_places_of_values_are_written_as_postgresql_does(said: str, meant: str) -> None:
    assert numbered(said) == meant
    assert not re.search(r"\?", numbered(said))


async def test_an_id_that_no_column_can_hold_is_nobodys(shared_place: SharedPlace) -> None:
    async with shared_place.open() as ledger, open_postgres_rows(shared_place.url) as rows:
        assert await rows.get(Revocation, "a\0b") is None
        with pytest.raises(ValueError, match="NUL"):
            await ledger.record(entry(1), ended("a\0b"))


@pytest.mark.row("PG-TWO")
async def test_what_one_process_puts_into_scratch_another_one_takes_once(shared_place: SharedPlace) -> None:
    """A sign-in that begins at one broker comes back to the other."""
    async with open_postgres_scratch(shared_place.url) as one, open_postgres_scratch(shared_place.url) as other:
        await one.put("sign_in", "a\0b", {"n": 1}, Seconds(9))
        got = await asyncio.gather(*(each.take("sign_in", "a\0b", Seconds(1)) for each in (one, other, one, other)))
        assert [each for each in got if each is not None] == [{"n": 1}]
        added = await asyncio.gather(*(each.add("proof", "x", {}, Seconds(9), Seconds(1)) for each in (one, other)))
        assert sorted(added) == [False, True]


async def test_who_is_connected_is_known_by_name(shared_place: SharedPlace) -> None:
    async with open_postgres_rows(as_process(shared_place.url, "abc")):
        assert "abc" in await processes(shared_place.url)
