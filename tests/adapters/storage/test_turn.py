"""A log ends and another one goes on from it: what is proved, what is refused, and what is found when it is tampered."""

import asyncio
import os
import shutil
import sqlite3
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from broker.adapters.storage import turn as turning
from broker.adapters.storage.audit_tool import verify
from broker.adapters.storage.head import ForkError, Head, LedgerRefusedError, add_head, heads
from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.postgres.connections import connect
from broker.adapters.storage.postgres.copying import from_file, to_file
from broker.adapters.storage.postgres.turn import turn_postgres
from broker.adapters.storage.shards import Shard
from broker.adapters.storage.tile_folder import check_files, write_folder
from broker.adapters.storage.turn import Turning, turn
from broker.adapters.storage.writer import Writer
from broker.core.audit.entry import decode
from broker.core.audit.findings import Fault
from broker.core.audit.merkle import consistent, included, leaf_hash
from broker.core.audit.note import Key, Signer, open_checkpoint, sign_note
from tests.adapters.storage.support import KEY, ORIGIN, SIGNER, Place, SharedPlace, ed25519, ended, entry, receipt
from tests.postgres import Database

NEXT, THIRD = f"{ORIGIN}/2027", f"{ORIGIN}/2028"


def sign(text: bytes) -> bytes:
    """As the broker signs: under the name of the log that the text is of."""
    said = text.decode()
    return sign_note(said, [Signer(Key(said.partition("\n")[0], KEY.public), SIGNER.sign)])


def how(place: Place | SharedPlace) -> Turning:
    return Turning(
        root=ORIGIN,
        sign=sign,
        also=lambda note: note,
        key=lambda origin: str(Key(origin, KEY.public)),
        clock=place.clock,
        entropy=place.entropy,
    )


def turned(place: Place, name: str = "2027", *, lost: bool = False) -> Shard:
    return turn(place.database, place.head, name, how(place), lost=lost)


def fill(place: Place, first: int, count: int) -> None:
    async def write() -> None:
        async with place.open(sign=sign) as ledger:
            await asyncio.gather(*(ledger.record(entry(n), ended(f"grant:{n}")) for n in range(first, first + count)))

    asyncio.run(write())


@pytest.fixture(scope="module")
def two_logs(new_database: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A log of 302 entries, one of 262 after it, and one of 4 that grows."""
    made = Place(tmp_path_factory.mktemp("turned"))
    made.entropy.drawn = new_database.entropy.drawn
    shutil.copy(new_database.database, made.database)
    shutil.copy(new_database.head, made.head)
    fill(made, 1, 300)
    assert turned(made).size == 302
    fill(made, 301, 260)
    assert turned(made, "2028").size == 262
    fill(made, 600, 3)
    return made


@pytest.fixture
def copy(two_logs: Place, tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entropy.drawn = two_logs.entropy.drawn + 1_000
    shutil.copy(two_logs.database, made.database)
    shutil.copy(two_logs.head, made.head)
    return made


async def proved(log: SqliteLog, numbers: dict[int, tuple[str, int]]) -> None:
    """Each receipt proves its entry in the log where it lies, at its place there."""
    for number, (origin, index) in numbers.items():
        proof = await log.proof(receipt(number))
        assert proof is not None
        assert proof.extra is not None
        head = open_checkpoint(proof.checkpoint, origin, [Key(origin, KEY.public)], ed25519)
        assert (proof.index, decode(proof.extra).entry.id) == (index, receipt(number))
        assert included(leaf_hash(proof.extra), index, head.size, proof.hashes, head.root)


WHERE = {1: (ORIGIN, 1), 300: (ORIGIN, 300), 301: (NEXT, 1), 560: (NEXT, 260), 600: (THIRD, 1), 602: (THIRD, 3)}


@pytest.mark.parametrize("alone", [10**9, 0], ids=["one process", "many"])
def test_every_log_is_verified_with_the_one_key(two_logs: Place, alone: int) -> None:
    report = two_logs.verify(alone=alone)
    assert (report.ok, report.size, report.proven, report.logs) == (True, 302 + 262 + 4, 302 + 262 + 4, 3), report
    kept = heads(two_logs.head)
    assert {origin: size for origin, (size, _) in kept.items()} == {ORIGIN: 302, NEXT: 262, THIRD: 4}
    for _, note in kept.values():
        assert two_logs.verify(checkpoint=note).ok


@pytest.mark.row("SHARD3")
async def test_receipts_lead_into_the_log_of_their_time(two_logs: Place) -> None:
    async with open_log(two_logs.database, two_logs.head) as log:
        await proved(log, WHERE)
        assert [each.origin for each in await log.ended()] == [ORIGIN, NEXT]
        newest = await log.newest(5)
        assert [each.seq for each in newest] == [567, 566, 565, 564, 563], "numbers go on"
        for each in await log.ended():
            head = open_checkpoint((await each.published()).note, each.origin, [Key(each.origin, KEY.public)], ed25519)
            hashes = await each.consistency(100, head.size)
            assert hashes
            assert await each.consistency(100, head.size + 1) is None


async def test_each_log_says_which_comes_next_and_which_was_before(two_logs: Place) -> None:
    async with open_log(two_logs.database, two_logs.head) as log:
        first, second = await log.ended()
        told = {each.seq: decode(each.body).entry for each in await log.newest(500)}
        last, begun = told[301], told[302]
    assert (last.kind, last.about) == ("log.ended", {"next": NEXT, "key": str(Key(NEXT, KEY.public))})
    root = str(begun.about["root"])
    assert (begun.kind, begun.about) == (
        "log.created", {"origin": NEXT, "previous": ORIGIN, "size": 302, "root": root},
    )  # fmt: skip
    head = open_checkpoint((await first.published()).note, ORIGIN, [KEY], ed25519)
    assert (head.size, head.root) == (302, b64decode(root))
    assert second.first == 302


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_each_log_can_be_written_as_files_and_checked(two_logs: Place, which: int, tmp_path: Path) -> None:
    async def read(path: str) -> bytes | None:
        found = tmp_path / path
        return found.read_bytes() if found.is_file() else None

    async with open_log(two_logs.database, two_logs.head) as log:
        one = [*await log.ended(), log][which]
        size = await write_folder(one, tmp_path, entries=True, progress=lambda _: None)
    found = await check_files(read, [Key(one.origin, KEY.public)], ed25519, lambda _: None)
    assert (found.origin, found.size, found.entries) == (one.origin, size, size)


TAMPERED: dict[str, tuple[str, Fault, int | None]] = {
    "an entry of the first log": ("UPDATE record SET body = x'7b7d' WHERE seq = 7", Fault.ENTRY_CHANGED, 7),
    "an entry of the second": ("UPDATE record SET body = x'7b7d' WHERE seq = 309", Fault.ENTRY_CHANGED, 309),
    "an entry of the last": ("UPDATE record SET body = x'7b7d' WHERE seq = 566", Fault.ENTRY_CHANGED, 566),
    "a time": ("UPDATE record SET at = 0 WHERE seq = 310", Fault.ENTRY_MISLABELLED, 310),
    "where a receipt leads": (
        "UPDATE receipt SET seq = 311 WHERE seq = 310",
        Fault.ENTRY_MISLABELLED,
        310,
    ),
    "what an entry changed": ("UPDATE effect SET digest = 'x' WHERE seq = 320", Fault.EFFECT_CHANGED, 320),
    "a tile": ("UPDATE shard_tile SET data = zeroblob(8192) WHERE l = 0 AND origin LIKE '%2027'", Fault.TILE_CHANGED, 302),
    "a last tile": ("UPDATE shard SET leaves = zeroblob(length(leaves)) WHERE first = 0", Fault.TILE_CHANGED, 256),
    "a last checkpoint": ("UPDATE shard SET note = x'00' WHERE first = 0", Fault.CHECKPOINT_FALSE, None),
    "a log left out": ("DELETE FROM shard WHERE first = 302", Fault.LOG_PARTED, 302),
    "the first left out": ("DELETE FROM shard WHERE first = 0", Fault.LOG_PARTED, 0),
    "the last entry of a log": ("DELETE FROM record WHERE seq = 301", Fault.ENTRY_DELETED, 301),
}  # fmt: skip


@pytest.mark.row("SHARD1")
@pytest.mark.parametrize(("statement", "fault", "seq"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_was_done_to_a_log_that_has_ended_is_found(
    copy: Place, statement: str, fault: Fault, seq: int | None
) -> None:
    copy.tamper(statement)
    found = copy.verify().findings
    assert (fault, seq) in [(each.fault, each.seq) for each in found], found


@pytest.mark.row("SHARD1")
def test_a_log_that_names_another_before_it_is_found(copy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed by whoever has the key, and still not the one that the log before it named."""
    monkeypatch.setattr(turning, "continued", lambda before, _: {"previous": before.origin, "size": 1, "root": ""})
    turned(copy, "2029")
    found = copy.verify().findings
    assert [each.fault for each in found] == [Fault.LOG_PARTED]
    assert "does not name the end of" in found[0].said


def test_a_name_is_given_once_and_the_same_log_is_not_begun_again(copy: Place) -> None:
    for name, why in (("2028", "written already"), ("2027", "before"), ("last", "begins with a digit")):
        with pytest.raises((LedgerRefusedError, ValueError), match=why):
            turned(copy, name)
    with closing(sqlite3.connect(copy.head)) as db:
        db.execute("INSERT INTO head VALUES (?, 9, x'00')", (f"{ORIGIN}/2029",))
        db.commit()
    with pytest.raises(LedgerRefusedError, match="before"):
        turned(copy, "2029")
    assert copy.verify(head=False).ok, "nothing was done"


STEPS = ("commit of the last entry", "move of the head", "seal", "first entry", "new head")


@pytest.mark.parametrize("step", range(5), ids=STEPS)
def test_whoever_is_interrupted_gives_it_again(copy: Place, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each step the broker does not start, another name is refused, and the same goes on to the end."""
    done = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def one(*arguments: object, **named: object) -> object:
            nonlocal done
            if done == step:
                raise KeyboardInterrupt
            done += 1
            return real(*arguments, **named)

        return one

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "commit", counted(Writer.commit))
        patched.setattr(Head, "move", counted(Head.move))
        patched.setattr(turning, "seal", counted(turning.seal))
        patched.setattr(turning, "add_head", counted(add_head))
        with pytest.raises(KeyboardInterrupt):
            turned(copy, "2029")
    if step:
        with pytest.raises(LedgerRefusedError):
            fill(copy, 700, 1)
        with pytest.raises(LedgerRefusedError):
            turned(copy, "2030")
    assert turned(copy, "2029").size == 5
    fill(copy, 700, 1)
    assert copy.verify().ok


@pytest.mark.row("SHARD2")
def test_an_older_database_is_not_turned_and_a_lost_one_only_by_saying_so(copy: Place, tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite"
    shutil.copy(copy.database, old)
    with pytest.raises(LedgerRefusedError, match="nothing that was published is lost"):
        turned(copy, "2029", lost=True)
    fill(copy, 700, 9)
    shutil.copy(old, copy.database)
    for try_it in (lambda: fill(copy, 800, 1), lambda: turned(copy, "2029")):
        with pytest.raises(LedgerRefusedError, match="old backup"):
            try_it()
    turned(copy, "2028-b", lost=True)
    fill(copy, 800, 1)
    report = copy.verify()
    assert report.ok, report.findings
    assert report.lost == ((THIRD, 13),)


@pytest.mark.row("SHARD2")
def test_the_database_that_a_log_was_begun_without_never_comes_back(copy: Place, tmp_path: Path) -> None:
    """Neither the one from before the turn, nor the newest that was thought lost: there is one future."""
    old, newest = tmp_path / "old.sqlite", tmp_path / "newest.sqlite"
    shutil.copy(copy.database, old)
    fill(copy, 700, 9)
    shutil.copy(copy.database, newest)
    shutil.copy(old, copy.database)
    turned(copy, "2028-b", lost=True)
    for before in (old, newest):
        shutil.copy(before, copy.database)
        with pytest.raises(LedgerRefusedError, match="restored"):
            fill(copy, 800, 1)


async def test_the_same_in_postgresql_and_copies_of_it_are_the_same_logs(
    shared_place: SharedPlace, tmp_path: Path
) -> None:
    url, t = shared_place.url, how(shared_place)
    async with shared_place.open(sign=sign) as ledger:
        await asyncio.gather(*(ledger.record(entry(n), ended(f"grant:{n}")) for n in range(1, 301)))
        with pytest.raises(LedgerRefusedError, match="in use"):
            await turn_postgres(url, url, "2027", t)
    assert (await turn_postgres(url, url, "2027", t)).size == 302
    async with shared_place.open(sign=sign) as ledger:
        assert ledger.size == 303
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(301, 561)))
        await ledger.ordered()
        assert ledger.size == 563
    assert (await turn_postgres(url, url, "2028", t)).size == 262
    with pytest.raises(LedgerRefusedError, match="written already"):
        await turn_postgres(url, url, "2028", t)
    with pytest.raises(LedgerRefusedError, match="lost here"):
        await turn_postgres(url, url, "2029", t, lost=True)
    file, db = tmp_path / "copy.sqlite", await connect(url)
    try:
        async with shared_place.open(sign=sign) as ledger:
            await asyncio.gather(*(ledger.record(entry(n)) for n in range(600, 603)))
            copied = await to_file(url, file, ORIGIN, ledger)
        assert (copied.size, copied.log) == (4, THIRD)
        report = await asyncio.to_thread(verify, file, [KEY], ORIGIN, ed25519)
        assert (report.ok, report.size, report.logs) == (True, 568, 3), report.findings
        async with shared_place.log() as log:
            await proved(log, WHERE)
            for each in (*await log.ended(), log):
                published = await each.published()
                head = open_checkpoint(published.note, each.origin, [Key(each.origin, KEY.public)], ed25519)
                assert head.size == published.size
                old = open_checkpoint(published.note, each.origin, [Key(each.origin, KEY.public)], ed25519)
                hashes = await each.consistency(old.size, head.size)
                assert hashes is not None
                assert consistent(old.size, old.root, head.size, head.root, hashes)
        await db.execute("UPDATE audit_lock.head SET size = 99 WHERE origin = $1", THIRD)
        with pytest.raises(LedgerRefusedError, match="not all here"):
            await turn_postgres(url, url, "2029", t)
        await turn_postgres(url, url, "2029", t, lost=True)
        async with shared_place.open(sign=sign) as ledger:
            assert ledger.size == 569
    finally:
        db.terminate()


async def test_logs_of_a_file_come_into_postgresql(copy: Place, shared_place: SharedPlace) -> None:
    cluster, name = shared_place.database.cluster, f"turned_{os.getpid()}"
    cluster.sql(f"CREATE DATABASE {name}")
    empty = replace(shared_place, database=Database(cluster, name))
    copied = await from_file(copy.database, empty.url, empty.url, ORIGIN, heads(copy.head))
    assert (copied.size, copied.log) == (4, THIRD)
    async with empty.log() as log:
        await proved(log, WHERE)


def test_a_head_is_made_once(copy: Place) -> None:
    with pytest.raises(ForkError, match="was begun before"):
        add_head(copy.head, THIRD, 1, b"")
