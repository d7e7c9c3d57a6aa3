"""What only the SQLite ledger can do wrong: start on the wrong file, lose a commit, be run twice, be swamped."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.storage.connections import DurabilityError, connect_ledger
from broker.adapters.storage.head import LedgerRefusedError, ProcessLock
from broker.adapters.storage.ledger import QUEUE
from broker.core.audit.entry import decode
from broker.core.rows import Row
from broker.ports import LedgerDownError
from tests.adapters.storage.support import Place, ended, entry, sign


class Broken(sqlite3.Connection):
    """A connection whose commits go wrong on demand."""

    fault: str | None = None

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if self.fault is None or not sql.startswith(self.fault.split()[0]):
            return super().execute(sql, *arguments)
        if self.fault.endswith("stored"):
            super().execute(sql, *arguments)
        raise sqlite3.OperationalError("disk I/O error")


def connections() -> tuple[list[Broken], Any]:
    """Those that were made, and how to make one."""
    made: list[Broken] = []

    def connect(path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Broken)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        made.append(db)
        return db

    return made, connect


@pytest.mark.row("T125", "F9")
@pytest.mark.parametrize("fault", ["COMMIT lost", "COMMIT stored", "INSERT lost", "BEGIN lost"])
async def test_after_any_error_of_a_commit_the_ledger_is_dead_for_good(place: Place, fault: str) -> None:
    made, connect = connections()
    heard: list[Row] = []
    async with place.open(connect=connect, on_commit=heard.extend) as ledger:
        await ledger.record(entry(1), ended("grant:1"))
        made[0].fault = fault
        waiting = [ledger.record(entry(n), ended(f"grant:{n}")) for n in range(2, 6)]
        got = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in got] == [LedgerDownError] * 4
        made[0].fault = None
        with pytest.raises(LedgerDownError):
            await ledger.record(entry(6))
        async with asyncio.timeout(5):
            await ledger.ended()
        assert ledger.failed
        assert isinstance(ledger.failure, sqlite3.OperationalError)
    assert [row.id for row in heard] == ["grant:1"], "nobody decides by what may not have been stored"
    async with place.open() as again:
        assert await again.record(entry(7)) == (6 if fault == "COMMIT stored" else 2)
    assert place.verify().ok


async def test_followers_that_fail_kill_the_ledger(place: Place) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no picture")

    async with place.open(on_commit=fail) as ledger:
        with pytest.raises(LedgerDownError):
            await ledger.record(entry(1), ended("grant:1"))
        assert ledger.failed
        with pytest.raises(LedgerDownError):
            await ledger.record(entry(2))


async def test_a_key_that_cannot_sign_kills_the_ledger_and_stores_nothing(place: Place) -> None:
    def broken(_: bytes) -> bytes:
        raise RuntimeError("the key is gone")

    async with place.open(sign=broken) as ledger:
        with pytest.raises(LedgerDownError):
            await ledger.record(entry(1))
    assert place.ask("SELECT count(*) FROM record") == [(1,)]


@pytest.mark.row("F27")
async def test_when_too_much_waits_the_next_is_refused_and_nobody_else(place: Place) -> None:
    signing, go_on = threading.Event(), threading.Event()

    def slow(text: bytes) -> bytes:
        signing.set()
        go_on.wait(10)
        return sign(text)

    async with place.open(sign=slow) as ledger:
        tasks = [asyncio.create_task(ledger.record(entry(0)))]
        await asyncio.to_thread(signing.wait, 10)
        tasks += [asyncio.create_task(ledger.record(entry(n))) for n in range(1, QUEUE)]
        await asyncio.sleep(0)
        assert ledger.waiting == QUEUE
        with pytest.raises(LedgerDownError, match="too much"):
            await ledger.record(entry(9_999))
        go_on.set()
        assert sorted(await asyncio.gather(*tasks)) == list(range(1, QUEUE + 1))
        assert not ledger.failed
        assert await ledger.record(entry(9_999)) == QUEUE + 1


@pytest.mark.row("F21")
async def test_another_writer_makes_callers_fail_and_later_all_is_well(place: Place) -> None:
    def impatient(path: Path) -> sqlite3.Connection:
        db = connect_ledger(path)
        db.execute("PRAGMA busy_timeout = 10")
        return db

    async with place.open(connect=impatient) as ledger:
        with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerDownError, match="another program"):
                await ledger.record(entry(1), ended("grant:1"))
            other.execute("ROLLBACK")
        assert not ledger.failed
        assert await ledger.record(entry(1), ended("grant:1")) == 1


@pytest.mark.row("F21")
async def test_while_another_writes_callers_wait(place: Place) -> None:
    async with place.open() as ledger:
        with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(ledger.record(entry(1)))
            assert await asyncio.wait([waiting], timeout=0.1) == (set(), {waiting})
            other.execute("ROLLBACK")
        assert await waiting == 1


@pytest.mark.row("T126")
async def test_a_second_ledger_on_the_same_file_is_refused(place: Place) -> None:
    async with place.open() as ledger:
        with pytest.raises(LedgerRefusedError, match="in use"):
            async with place.open():
                raise AssertionError
        assert await ledger.record(entry(1)) == 1
    async with place.open() as again:
        assert await again.record(entry(2)) == 2


SECOND = """
import sys
from pathlib import Path
from broker.adapters.storage.head import LedgerRefusedError, ProcessLock
try:
    ProcessLock(Path(sys.argv[1]))
except LedgerRefusedError as refused:
    sys.exit(str(refused))
"""


@pytest.mark.row("T126", "F12")
def test_a_second_process_on_the_same_file_is_refused(place: Place) -> None:
    def start() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SECOND, str(place.database)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with closing(ProcessLock(place.database)):
        second = start()
        assert (second.returncode, "in use" in second.stderr) == (1, True)
    assert start().returncode == 0


async def refused(place: Place, because: str, **options: Any) -> None:
    with pytest.raises(LedgerRefusedError, match=because):
        async with place.open(**options):
            raise AssertionError


async def test_a_missing_database_is_not_silently_replaced(place: Place) -> None:
    place.database.unlink()
    with pytest.raises(FileNotFoundError):
        async with place.open():
            raise AssertionError
    assert not place.database.exists()


async def test_a_missing_head_is_not_silently_replaced(place: Place) -> None:
    place.head.unlink()
    await refused(place, "missing")
    assert not place.head.exists()


async def test_another_schema_is_refused(place: Place) -> None:
    place.tamper("UPDATE alembic_version SET version_num = '0000'")
    await refused(place, "schema")
    place.tamper("DROP TABLE alembic_version")
    await refused(place, "not a broker's database")


async def test_what_is_not_a_database_is_refused(place: Place) -> None:
    place.database.write_bytes(b"not a database" * 1_000)
    with pytest.raises((LedgerRefusedError, sqlite3.DatabaseError)):
        async with place.open():
            raise AssertionError


async def test_another_logs_database_or_head_is_refused(place: Place) -> None:
    await refused(place, "another origin|not the head", origin="other.example.org/audit")
    place.tamper("UPDATE meta SET value = 'other.example.org/audit'")
    await refused(place, "another origin")


@pytest.mark.row("F5")
@pytest.mark.parametrize("setting", ["synchronous = NORMAL", "synchronous = OFF", "journal_mode = DELETE"])
async def test_a_connection_that_may_forget_commits_is_refused(place: Place, setting: str) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        db = connect_ledger(path)
        db.execute(f"PRAGMA {setting}")
        return db

    with pytest.raises(DurabilityError, match=setting.split(" ", maxsplit=1)[0]):
        async with place.open(connect=connect):
            raise AssertionError


@pytest.mark.row("T122", "T140")
@pytest.mark.parametrize("newer", [1, 300])
async def test_an_old_backup_is_refused(place: Place, newer: int, tmp_path: Path) -> None:
    async with place.open() as ledger:
        await ledger.record(entry(1), ended("grant:1"))
    shutil.copy(place.database, tmp_path / "backup")
    async with place.open() as ledger:
        await asyncio.gather(*(ledger.record(entry(n)) for n in range(2, 2 + newer)))
    shutil.copy(tmp_path / "backup", place.database)
    await refused(place, "old backup")


async def test_a_backup_that_went_on_by_itself_is_refused(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.folder, tmp_path / "other")
    other = Place(tmp_path / "other")
    for one, first in ((place, 1), (other, 100)):
        async with one.open() as ledger:
            for n in range(first, first + 5):
                await ledger.record(entry(n))
    shutil.copy(other.database, place.database)
    await refused(place, "does not continue")


async def test_a_head_that_somebody_else_moved_kills_the_ledger(place: Place) -> None:
    async with place.open(publish_seconds=0) as ledger:
        await ledger.record(entry(1))
        with closing(sqlite3.connect(place.head)) as other:
            other.execute("UPDATE head SET size = 99, note = x'00'")
            other.commit()
        await asyncio.gather(ledger.record(entry(2)), return_exceptions=True)
        async with asyncio.timeout(5):
            await ledger.ended()
        assert ledger.failed
    assert tuple(sqlite_row(place.head, "SELECT size, note FROM head")) == (99, b"\0")


def sqlite_row(path: Path, statement: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(path)) as db:
        found: tuple[Any, ...] = db.execute(statement).fetchone()
        return found


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE record SET body = CAST(replace(body, 'decision', 'Decision') AS BLOB) WHERE seq = 3",
        "DELETE FROM record WHERE seq = 3",
        "DELETE FROM record WHERE seq = 5",
        "DELETE FROM checkpoint WHERE size = 6",
        "UPDATE checkpoint SET leaves = zeroblob(32) WHERE size = 4",
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 5) WHERE size = 6",
        "DELETE FROM checkpoint",
        "DROP TABLE checkpoint",
    ],
)
def test_a_log_that_is_damaged_near_its_end_is_refused(place: Place, damage: str) -> None:
    place.fill(5)
    place.tamper(damage)
    asyncio.run(refused(place, "damaged|old backup"))


@pytest.mark.row("F31")
async def test_a_clock_that_goes_back_is_in_the_log_and_order_is_not_by_time(place: Place) -> None:
    async with place.open() as ledger:
        await ledger.record(entry(1))
        place.clock.advance(-2)
        assert await ledger.record(entry(2)) == 2, "two seconds are nothing"
        place.clock.advance(-3_600)
        assert await ledger.record(entry(3)) == 4
        assert await ledger.record(entry(4)) == 5
    place.clock.advance(-3)
    async with place.open() as ledger:
        assert await ledger.record(entry(5)) == 7, "and after a restart too"
    steps = [
        decode(row[0]).entry for row in place.ask("SELECT body FROM record WHERE kind = 'clock.step' ORDER BY seq")
    ]
    assert [step.about for step in steps] == [
        {"before": 1_800_000_000 - 2, "after": 1_800_000_000 - 3_602},
        {"before": 1_800_000_000 - 3_602, "after": 1_800_000_000 - 3_605},
    ]
    assert place.verify().ok


async def test_closing_writes_what_waits_and_publishes_it(place: Place) -> None:
    async with place.open() as ledger:
        tasks = [asyncio.create_task(ledger.record(entry(n))) for n in range(1, 50)]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*tasks)) == list(range(1, 50))
    assert sqlite_row(place.head, "SELECT size FROM head") == (50,)
    with pytest.raises(LedgerDownError):
        await ledger.record(entry(99))


async def test_the_log_continues_over_many_tiles_and_starts(place: Place) -> None:
    number = 0
    for count in (254, 1, 1, 256, 300):
        async with place.open() as ledger:
            await asyncio.gather(*(ledger.record(entry(number := number + 1)) for _ in range(count)))
    assert place.ask("SELECT l, n, length(data) FROM tile ORDER BY l, n") == [
        (0, 0, 8192),
        (0, 1, 8192),
        (0, 2, 8192),
        (1, 0, 96),
    ]
    assert place.ask("SELECT count(*) FROM checkpoint WHERE size < 768")[0][0] <= 3, "full tiles keep one each"
    report = place.verify()
    assert (report.ok, report.size, report.proven) == (True, 813, 813)


async def test_a_row_its_entry_and_a_checkpoint_over_it_are_in_one_transaction(place: Place) -> None:
    """A reader never sees one without the others."""
    counts = (
        "SELECT (SELECT count(*) + 1 FROM revocation), (SELECT count(*) FROM record),"
        " (SELECT count(*) + 1 FROM effect), (SELECT max(size) FROM checkpoint)"
    )
    seen = set[int]()
    async with place.open() as ledger:
        writing = asyncio.gather(*(ledger.record(entry(n), ended(f"grant:{n}")) for n in range(1, 200)))
        with closing(sqlite3.connect(place.database)) as reader:
            while not writing.done():
                (one,) = {*reader.execute(counts).fetchone()}
                seen.add(one)
                await asyncio.sleep(0)
        await writing
    assert len(seen) >= 1


def test_taking_back_one_statement_needs_no_file(place: Place) -> None:
    """SQLite would make and remove one for each commit, in a folder for everybody's temporary files."""
    in_memory = 2
    with closing(connect_ledger(place.database)) as db:
        assert db.execute("PRAGMA temp_store").fetchone() == (in_memory,)
