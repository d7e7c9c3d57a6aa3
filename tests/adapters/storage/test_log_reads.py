"""What is handed out of the log: entries, tiles, and proofs that somebody else can check."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.reads import read_only
from broker.adapters.storage.shards import Present
from broker.core.audit.entry import decode
from broker.core.audit.merkle import consistent, leaf_hash, root_of
from broker.core.audit.note import open_checkpoint
from broker.core.audit.proof import format_proof, parse_proof, verify_proof
from broker.core.audit.tiles import Piece, unbundle
from broker.core.authz.feed import KINDS
from broker.core.rows import Put, Row
from tests import builders as b
from tests.adapters.storage.support import KEY, ORIGIN, Place, ed25519, entry, receipt
from tests.fakes import MemoryChanges, MemoryLedger

COUNT = 600


@pytest.fixture
async def log(place: Place) -> AsyncIterator[SqliteLog]:
    """A published log of 601 entries."""
    async with place.open() as ledger:
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(1, COUNT + 1)))
    async with open_log(place.database, place.head) as opened:
        yield opened


async def test_an_entry_is_found_by_its_receipt(log: SqliteLog) -> None:
    kept = await log.entry(receipt(7))
    assert kept is not None
    assert (kept.seq, decode(kept.body).entry) == (7, entry(7))
    assert await log.entry(receipt(9_999)) is None


async def test_the_newest_come_first_and_not_too_many(log: SqliteLog) -> None:
    assert [kept.seq for kept in await log.newest(3)] == [600, 599, 598]
    assert [kept.seq for kept in await log.newest(3, before=2)] == [1, 0]
    assert [len(await log.newest(count)) for count in (500, 501, 10_000)] == [500, 500, 500]


@pytest.mark.parametrize("index", [1, 255, 256, 511, 512, 600])
async def test_a_receipt_can_be_checked_by_who_has_the_key(log: SqliteLog, index: int) -> None:
    proof = await log.proof(receipt(index))
    assert proof is not None
    again = parse_proof(format_proof(proof))
    assert again.extra is not None
    assert decode(again.extra).entry == entry(index)
    assert verify_proof(again, again.extra, ORIGIN, [KEY], ed25519).size == 601


async def test_consistency_with_every_earlier_size_can_be_checked(log: SqliteLog) -> None:
    bodies = [kept.body for kept in reversed([*await log.newest(500), *await log.newest(500, before=101)])]
    roots = {n: root_of(leaf_hash(each) for each in bodies[:n]) for n in (1, 2, 255, 256, 257, 600, 601)}
    for old, root in roots.items():
        hashes = await log.consistency(old, 601)
        assert hashes is not None
        assert consistent(old, root, 601, roots[601], hashes)
    for old, size in ((0, 601), (1, 602), (5, 4)):
        assert await log.consistency(old, size) is None


async def test_a_proof_asks_few_questions_however_many_tiles_it_is_made_of(place: Place) -> None:
    async with place.open() as ledger:
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(1, COUNT + 1)))
    asked = list[str]()
    async with read_only(place.database) as db, read_only(place.head) as head:

        class Counted:
            async def execute_fetchall(self, statement: str, values: tuple[Any, ...] = ()) -> Iterable[Any]:
                asked.append(statement)
                return await db.execute_fetchall(statement, values)

        proof = await SqliteLog(Counted(), head, Present(ORIGIN, 0)).proof(receipt(7))
        assert proof is not None
        assert len(asked) <= 3, "the entry, the open end, all tiles"


async def test_tiles_and_bundles_rebuild_the_root_of_the_checkpoint(log: SqliteLog) -> None:
    published = await log.published()
    head = open_checkpoint(published.note, ORIGIN, [KEY], ed25519)
    assert head.size == published.size == 601
    widths = [256, 256, 89]
    tiles = [await log.piece(Piece(level=0, index=n, width=width)) for n, width in enumerate(widths)]
    bundles = [await log.piece(Piece(level=None, index=n, width=width)) for n, width in enumerate(widths)]
    leaves = b"".join(each for each in tiles if each is not None)
    entries = [one for each in bundles if each is not None for one in unbundle(each)]
    assert leaves == b"".join(leaf_hash(one) for one in entries)
    assert root_of(leaf_hash(one) for one in entries) == head.root
    assert await log.piece(Piece(level=1, index=0, width=2)) == root_of(
        leaf_hash(one) for one in entries[:256]
    ) + root_of(leaf_hash(one) for one in entries[256:512])


async def test_a_partial_piece_is_the_beginning_of_a_wider_one(log: SqliteLog) -> None:
    wide, narrow = [await log.piece(Piece(level=0, index=2, width=width)) for width in (89, 10)]
    assert wide is not None
    assert narrow == wide[:320]
    full = await log.piece(Piece(level=0, index=0))
    assert full is not None
    assert await log.piece(Piece(level=0, index=0, width=255)) == full[:-32]


@pytest.mark.parametrize(
    "piece",
    [
        Piece(level=0, index=2, width=90),
        Piece(level=0, index=3, width=1),
        Piece(level=None, index=2, width=90),
        Piece(level=None, index=2),
        Piece(level=1, index=0, width=3),
        Piece(level=2, index=0, width=1),
        Piece(level=63, index=0, width=1),
        Piece(level=0, index=10**15, width=1),
    ],
)
async def test_there_is_no_piece_beyond_the_published_log(log: SqliteLog, piece: Piece) -> None:
    assert await log.piece(piece) is None


async def test_nothing_beyond_the_published_checkpoint_is_proved(place: Place) -> None:
    async with open_log(place.database, place.head) as log, place.open(publish_seconds=60) as ledger:
        await ledger.record(entry(1))
        assert await log.entry(receipt(1)) is not None
        first = await log.proof(receipt(1))
        await ledger.record(entry(2))
        assert (await log.published()).size == 2
        assert first is not None or await log.proof(receipt(1)) is not None
        assert await log.proof(receipt(2)) is None
        assert await log.piece(Piece(level=0, index=0, width=3)) is None
        assert await log.consistency(1, 3) is None
    async with open_log(place.database, place.head) as log:
        assert await log.proof(receipt(2)) is not None


async def test_a_log_that_is_not_there_is_not_made(place: Place) -> None:
    place.database.unlink()
    with pytest.raises(FileNotFoundError):
        async with open_log(place.database, place.head):
            raise AssertionError
    assert not place.database.exists()


async def test_what_changed_is_told_as_the_memory_tells_it(place: Place) -> None:
    """The feed's reads: the same changes in the same order, from any place, and no kind that was not asked for."""
    memory = MemoryLedger()
    rows: list[Row] = [*(b.revocation(f"grant:g{n}") for n in range(4)), b.consent(b.PIA), b.drs_object(), b.grant()]
    batches = [rows[:3], rows[3:5], rows[5:]]
    async with place.open() as ledger:
        offset = await ledger.record(entry(1)) - 1
        await memory.record(entry(1))
        for n, batch in enumerate(batches, 2):
            await ledger.record(entry(n), *map(Put, batch))
            await memory.record(entry(n), *map(Put, batch))
    told = MemoryChanges(memory)
    async with open_log(place.database, place.head) as log:
        head = await log.head()
        assert head == await told.head() + 1 + offset
        for seq, skip, most in ((0, 0, 9), (1, 0, 2), (1, 2, 9), (2, 1, 9), (3, 0, 9), (1, 3, 1)):
            theirs = await told.since(seq, skip, 99, KINDS, most)
            ours = await log.since(seq + 1 + offset, skip, 99, KINDS, most)
            assert [(one.seq - 1 - offset, one.place, one.row) for one in ours] == [
                (one.seq, one.place, one.row) for one in theirs
            ]
        assert await log.since(0, 0, 2, KINDS, 9) == ()
        assert await log.at(head) is None
        assert await log.at(head - 1) == entry(4).at
