"""After a loss of power at any write the log is whole, and everything that anybody was told is in it."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from broker.adapters.storage import ledger as ledgers
from broker.adapters.storage.connections import connect_ledger
from broker.adapters.storage.scratch import open_scratch
from broker.core.audit.entry import decode
from broker.core.time import Seconds
from tests.adapters.storage.support import Place, ended, entry, receipt
from tests.faults.disk import Disk, diary
from tests.faults.power import images, lay_down

ROUNDS, CALLERS = 14, 3
FOLD = 24
"""Pages after which the write-ahead log is folded into the database: often, so that power is lost meanwhile, too."""
_AFTER = 900_000
"""Number of the entry that is written after the power is back."""
_MEMORY = Path("/dev/shm")
Connect = Callable[[Path], sqlite3.Connection]


def _connect(path: Path) -> sqlite3.Connection:
    db = connect_ledger(path)
    db.execute(f"PRAGMA wal_autocheckpoint = {FOLD}")
    return db


async def _days(place: Place, disk: Disk, connect: Connect, publish: float) -> None:
    """Two lives of a ledger, with what may be lost written between; whoever is told something, the disk notes it."""

    async def one(number: int) -> None:
        await ledger.record(entry(number), ended(f"grant:{number}"), ended(f"token:{number}"))
        disk.tell(number)

    for life in (1, 2):
        async with (
            place.open(connect=connect, publish_seconds=publish) as ledger,
            open_scratch(place.database) as scratch,
        ):
            for turn in range(ROUNDS):
                disk.tell(("published", ledger._head.size))
                first = 1_000 * life + CALLERS * turn
                await asyncio.gather(*(one(first + caller) for caller in range(CALLERS)))
                await scratch.put("draft", f"{life}-{turn}", {"words": "x" * 900}, Seconds(9_999_999_999))


def _lost(place: Place, disk: Disk, steps: int, image: dict[str, bytes], folder: Path) -> str:
    """What is wrong with what was found after `steps` steps; nothing, if all is well."""
    found = Place(lay_down(image, folder), place.clock, place.entropy)
    try:
        size = asyncio.run(_go_on(found))
    except Exception as refused:  # noqa: BLE001 (whatever it is: the broker does not start)
        return f"no start: {refused!r}"
    with closing(sqlite3.connect(found.database)) as db:
        (state,) = db.execute("PRAGMA integrity_check").fetchone()
        kept = [decode(body).entry for (body,) in db.execute("SELECT body FROM record WHERE kind = 'decision.made'")]
        rows = {id for (id,) in db.execute("SELECT id FROM revocation")}
    if state != "ok":
        return f"the database is damaged: {state}"
    promised = [what for at, what in disk.told if at <= steps]
    if size < max((what[1] for what in promised if isinstance(what, tuple)), default=0):
        return "a checkpoint was published, and the head does not know it"
    told = {receipt(what) for what in promised if isinstance(what, int)}
    if lost := told - {one.id for one in kept}:
        return f"acknowledged and lost: {sorted(lost)}"
    if rows != {f"{what}:{one.at}" for one in kept if one.at < _AFTER for what in ("grant", "token")}:
        return "rows without their entry, or the other way round"
    report = found.verify()
    return "" if report.ok else f"the log does not prove itself: {report.findings}"


async def _go_on(found: Place) -> int:
    """Start on it, and write something more. The size of the log that was published."""
    async with found.open() as ledger:
        size = ledger._head.size
        await ledger.record(entry(_AFTER))
        return size


def _findings(place: Place, disk: Disk, share: float, enough: int = 10**9) -> tuple[int, list[str]]:
    """How many images were looked at, drawn from this share of the steps, and what was wrong with them."""
    chance, findings, tried = random.Random(20261122), list[str](), 0
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        for steps, image in images(disk, lambda _: chance.random() < share, random.Random(4)):
            tried += 1
            if wrong := _lost(place, disk, steps, image, Path(folder) / str(tried)):
                findings.append(f"after step {steps}: {wrong}")
            if len(findings) == enough:
                break
    return tried, findings


def _lived(place: Place, connect: Connect = _connect, publish: float = 0.0) -> Disk:
    with diary(place.folder) as disk:
        asyncio.run(_days(place, disk, connect, publish))
    assert sum(isinstance(what, int) for _, what in disk.told) == 2 * ROUNDS * CALLERS
    return disk


@pytest.mark.row("F4")
def test_what_was_told_outlives_a_loss_of_power_at_any_step(place: Place) -> None:
    disk = _lived(place)
    assert {(step.what, step.file.name) for step in disk.steps} >= {
        ("sync", "broker.sqlite-wal"), ("sync", "broker.sqlite"), ("truncate", "broker.sqlite"),
        ("delete", "broker.sqlite-wal"), ("delete", "audit-lock.sqlite-journal"),
    }  # fmt: skip
    tried, findings = _findings(place, disk, 0.02)
    assert not findings
    assert tried > 100


@pytest.mark.long
@pytest.mark.row("F4")
def test_the_same_after_every_step(place: Place) -> None:
    tried, findings = _findings(place, _lived(place), 1.0)
    assert not findings
    assert tried > 5_000


def _hasty(path: Path) -> sqlite3.Connection:
    """Commits are not on disk when they return."""
    db = _connect(path)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


@pytest.mark.row("F4")
@pytest.mark.parametrize(("publish", "found"), [(0.0, "an old backup"), (3600.0, "acknowledged and lost")])
def test_commits_that_do_not_wait_for_the_disk_are_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, publish: float, found: str
) -> None:
    """The images can tell: otherwise that they are in order says nothing."""
    monkeypatch.setattr(ledgers, "assert_durable", lambda _: None)
    _, findings = _findings(place, _lived(place, _hasty, publish), 0.03, enough=3)
    assert any(found in one for one in findings)
