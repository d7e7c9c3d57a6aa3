"""A migration that ends half-way, a reader that holds on, a file that was damaged, proofs while the log grows."""

import asyncio
import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from broker.adapters.storage.create import upgrade
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.ledger import SqliteLedger
from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.reads import Database, read_only
from broker.adapters.storage.recovery import assert_revision
from broker.adapters.storage.schema import REVISION, SELECT_TAIL
from broker.adapters.storage.shards import Present
from broker.adapters.storage.soundness import assert_sound
from broker.core.audit.merkle import consistent
from broker.core.audit.note import open_checkpoint
from broker.core.audit.proof import verify_proof
from tests.adapters.storage.support import KEY, ORIGIN, Place, ed25519, ended, entry, receipt
from tests.adapters.storage.test_schema import as_of_0001
from tests.faults.disk import diary
from tests.faults.power import WAYS, images, lay_down
from tests.faults.records import FOLD, MEMORY, connect_folding

_FIRST = "0001"


def _migrated(found: Place) -> str:
    """What is wrong with a database whose migration ended half-way, before or after the next try."""
    with closing(sqlite3.connect(found.database)) as db:
        ((revision,),) = db.execute("SELECT version_num FROM alembic_version").fetchall()
        tables = {name for _, name, *_ in db.execute("PRAGMA table_list")}
    if revision not in (_FIRST, REVISION) or ("history" in tables) != (revision == REVISION):
        return f"{revision} by half"
    upgrade(found.database)
    with closing(sqlite3.connect(found.database)) as db:
        assert_revision(db)
    report = found.verify()
    return "" if report.ok else f"{revision}, and then {report.findings}"


@pytest.mark.row("F17")
def test_a_migration_that_ends_at_any_step_leaves_the_old_schema_and_the_next_try_finishes_it(place: Place) -> None:
    place.fill(3, lambda n: (ended(f"grant:{n}"),))
    as_of_0001(place)
    with diary(place.folder) as disk:
        upgrade(place.database)
    every, tried = len(disk.steps) // 6, 0
    for steps, image in images(disk, lambda number: number % every == every - 1, random.Random(1)):
        with TemporaryDirectory(dir=MEMORY) as folder:
            wrong = _migrated(Place(lay_down(image, Path(folder) / "found"), place.clock, place.entropy))
        assert not wrong, f"after step {steps}: {wrong}"
        tried += 1
    assert tried >= 6 * len(WAYS)


@pytest.mark.row("F22")
async def test_a_reader_that_holds_on_stops_nobody_and_what_it_held_up_is_folded_in_afterwards(place: Place) -> None:
    log = place.database.with_name("broker.sqlite-wal")
    async with place.open(connect=connect_folding) as ledger:
        with closing(sqlite3.connect(place.database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            (held,) = reader.execute("SELECT count(*) FROM record").fetchone()
            for number in range(1, 200):
                await ledger.record(entry(number), ended(f"grant:{number}"))
            assert reader.execute("SELECT count(*) FROM record").fetchone() == (held,), "its picture does not change"
            grown = log.stat().st_size
            assert grown > 10 * FOLD * 4096, "nothing was held up"
            before = place.database.stat().st_size
        for number in range(1_000, 1_200):
            await ledger.record(entry(number), ended(f"grant:{number}"))
        assert place.database.stat().st_size > before
        assert log.stat().st_size <= grown + 2 * FOLD * 4096, "its room is used again"
    assert place.verify().ok


def _content(database: Path) -> Mapping[str, list[object]]:
    with closing(sqlite3.connect(database)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return {name: sorted(db.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


async def _opens(found: Place) -> bool:
    try:
        async with found.open():
            return True
    except (LedgerRefusedError, sqlite3.DatabaseError, ValueError):
        return False


def _damaged(data: bytes, how: str, chance: random.Random) -> bytes:
    if how == "cut":
        return data[: chance.randrange(len(data))]
    at = chance.randrange(len(data))
    piece = bytes(chance.randrange(256) for _ in range(chance.choice((16, 512, 8192))))
    return data[:at] + piece + data[at + len(piece) :]


def _is_found(found: Place) -> bool:
    try:
        assert_sound(found.database)
        return not found.verify().ok
    except (ValueError, sqlite3.DatabaseError, LedgerRefusedError):
        return True


@pytest.mark.row("F23")
@pytest.mark.parametrize("how", ["cut", "changed"])
def test_what_was_damaged_is_refused_at_start_or_found_or_says_what_it_said(place: Place, how: str) -> None:
    place.fill(300, lambda n: (ended(f"grant:{n}"),))
    whole, said, chance = place.database.read_bytes(), _content(place.database), random.Random(23)
    harmless, tries = 0, 30
    for number in range(tries):
        with TemporaryDirectory(dir=MEMORY) as folder:
            found = Place(Path(folder), place.clock, place.entropy)
            found.head.write_bytes(place.head.read_bytes())
            found.database.write_bytes(_damaged(whole, how, chance))
            if not _is_found(found) and asyncio.run(_opens(found)):
                assert _content(found.database) == said, f"{how} {number}: something else is believed"
                harmless += 1
    assert harmless <= tries - 5, "the damage hits nothing"


@pytest.mark.row("F23")
@pytest.mark.parametrize("change", [
    "UPDATE record SET body = CAST(replace(body, 'made', 'MADE') AS BLOB) WHERE seq = 100",
    "UPDATE revocation SET body = replace(body, '1', '2') WHERE id = 'grant:100'",
    "DELETE FROM revocation WHERE id = 'grant:100'",
    "DELETE FROM record WHERE seq = 300",
])  # fmt: skip
def test_what_was_changed_by_hand_is_found(place: Place, change: str) -> None:
    place.fill(300, lambda n: (ended(f"grant:{n}"),))
    place.tamper(change)
    assert _is_found(place)


@pytest.mark.row("F79")
async def test_every_proof_that_is_read_while_the_log_grows_is_valid(place: Place) -> None:
    async with place.open(publish_seconds=0.0) as ledger, open_log(place.database, place.head) as log:
        seen = list[tuple[int, bytes]]()
        for last in (400, 800, 1_200):  # in rounds: beside a busy disk one may be over before anybody has looked twice
            writing = asyncio.gather(*(_write(ledger, last - 400 + first, last) for first in range(1, 17)))
            await _hammered(log, writing, seen)
            await writing
    assert len(seen) >= 3, "the log did not grow meanwhile"


class _Slow:
    """A connection to a database in which much is written just before the open end of the log is asked for."""

    def __init__(self, db: Database, place: Place) -> None:
        self._db, self._place = db, place

    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> Any:
        if sql == SELECT_TAIL:
            self._place.fill_more(300)
        return await self._db.execute_fetchall(sql, parameters)


@pytest.mark.row("F79")
async def test_a_tile_that_becomes_full_between_two_questions_is_not_missed(place: Place) -> None:
    await asyncio.to_thread(place.fill, 10)
    async with read_only(place.database) as db, read_only(place.head) as head:
        proof = await SqliteLog(_Slow(db, place), head, Present(ORIGIN, 0)).proof(receipt(3))
    assert proof is not None
    assert proof.extra is not None
    assert verify_proof(proof, proof.extra, ORIGIN, [KEY], ed25519).size == 11


async def _write(ledger: SqliteLedger, first: int, last: int) -> None:
    for number in range(first, last, 16):
        await ledger.record(entry(number))


async def _hammered(log: SqliteLog, writing: "asyncio.Future[list[None]]", seen: list[tuple[int, bytes]]) -> None:
    """Proofs of entries and between checkpoints, as long as somebody writes and once more; `seen`: of which sizes."""
    chance, over = random.Random(79), False
    while not over:
        over = writing.done()
        head = open_checkpoint((await log.published()).note, ORIGIN, [KEY], ed25519)
        if seen and seen[-1][0] > head.size:
            raise AssertionError("what was published went back")
        if not seen or seen[-1][0] < head.size:
            seen.append((head.size, head.root))
        proof = await log.proof(receipt(chance.randrange(1, 1_200)))
        if proof is not None:
            assert proof.extra is not None
            verify_proof(proof, proof.extra, ORIGIN, [KEY], ed25519)
        for old, new in pairwise(chance.sample(seen, 2) if len(seen) > 1 else seen):
            (size, root), (later, now) = sorted((old, new))
            hashes = await log.consistency(size, later)
            assert hashes is not None
            assert consistent(size, root, later, now, hashes)
