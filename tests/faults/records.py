"""A ledger at work on a disk that keeps a diary: who was told what, and whether it is in what is found afterwards."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from broker.adapters.storage.connections import connect_ledger
from broker.adapters.storage.scratch import open_scratch
from broker.core.audit.entry import decode
from broker.core.time import Seconds
from broker.ports import LedgerDownError
from tests.adapters.storage.support import Place, ended, entry, receipt
from tests.faults.disk import Disk
from tests.faults.power import lay_down

CALLERS = 3
FOLD = 24
"""Pages after which the write-ahead log is folded into the database: often, so that it fails meanwhile, too."""
_AFTER = 900_000
"""Number of the entry that is written after all is well again."""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where images are laid down: in memory, if that can be."""
Connect = Callable[[Path], sqlite3.Connection]


def connect_folding(path: Path) -> sqlite3.Connection:
    db = connect_ledger(path)
    db.execute(f"PRAGMA wal_autocheckpoint = {FOLD}")
    return db


async def work(
    place: Place, disk: Disk, life: int, rounds: int, *, connect: Connect = connect_folding, publish: float = 0.0
) -> None:
    """One life of a ledger, with what may be lost written between; whoever is told something, the disk notes it.

    AssertionError if anybody was told that all is well after somebody was told otherwise.
    """
    failed = False

    async def one(number: int) -> bool:
        try:
            await ledger.record(entry(number), ended(f"grant:{number}"), ended(f"token:{number}"))
        except LedgerDownError:
            return False
        disk.tell(number)
        return True

    async with place.open(connect=connect, publish_seconds=publish) as ledger, open_scratch(place.database) as scratch:
        for turn in range(rounds):
            disk.tell(("published", ledger._head.size))
            first = 1_000 * life + CALLERS * turn
            done = await asyncio.gather(*(one(first + caller) for caller in range(CALLERS)))
            assert not (failed and any(done)), "acknowledged after a failure"
            failed = failed or not all(done)
            with suppress(LedgerDownError):
                await scratch.put("draft", f"{life}-{turn}", {"words": "x" * 900}, Seconds(9_999_999_999))


def lost(place: Place, disk: Disk, steps: int, image: dict[str, bytes]) -> str:
    """What is wrong with what was found after `steps` steps; nothing, if all is well."""
    with TemporaryDirectory(dir=MEMORY) as folder:
        return _wrong(Place(lay_down(image, Path(folder) / "found"), place.clock, place.entropy), disk, steps)


def _wrong(found: Place, disk: Disk, steps: int) -> str:
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
