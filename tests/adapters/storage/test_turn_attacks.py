"""Whoever has the database and the log's key drops a log, or writes one anew and calls the old one lost."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker.adapters.storage import turn as turning
from broker.adapters.storage.head import heads
from broker.core.audit.findings import Fault
from tests.adapters.storage.support import ORIGIN, Place
from tests.adapters.storage.test_turn import NEXT, fill, turned

_SHIFTED = ("record", "receipt", "effect", "history")


@pytest.fixture
def place(new_database: Place, tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entropy.drawn = new_database.entropy.drawn
    shutil.copy(new_database.database, made.database)
    shutil.copy(new_database.head, made.head)
    return made


def without_the_first_log(place: Place) -> None:
    """As if the second log had been the only one: its entries, receipts, tiles and checkpoints are untouched."""
    with closing(sqlite3.connect(place.database)) as db:
        ((end,),) = db.execute("SELECT size FROM shard WHERE first = 0")
        rows = db.execute("SELECT DISTINCT kind, row_id FROM effect WHERE seq < ?", (end,)).fetchall()
        for kind, id in rows:
            if not kind.endswith(".kept"):
                db.execute(f'DELETE FROM "{kind}" WHERE id = ?', (id,))
        for table in _SHIFTED:
            db.execute(f"DELETE FROM {table} WHERE seq < ?", (end,))
            db.execute(f"UPDATE {table} SET seq = seq + 1000000")
            db.execute(f"UPDATE {table} SET seq = seq - 1000000 - ?", (end,))
        db.execute("DELETE FROM shard")
        db.execute("DELETE FROM shard_tile")
        db.execute("UPDATE meta SET value = '0' WHERE key = 'first'")
        db.commit()
    with closing(sqlite3.connect(place.head)) as db:
        db.execute("DELETE FROM head WHERE origin = ?", (ORIGIN,))
        db.commit()


@pytest.mark.row("SHARD1")
def test_the_first_log_cannot_be_dropped_with_all_that_it_says(place: Place) -> None:
    """Head and entries are renumbered with it, and a checkpoint that somebody kept of the second log still fits."""
    fill(place, 1, 20)
    turned(place)
    fill(place, 301, 20)
    _, note = heads(place.head)[NEXT]
    without_the_first_log(place)
    found = place.verify(checkpoint=note).findings
    assert [(each.fault, each.seq) for each in found] == [(Fault.LOG_PARTED, 0)], found


def kept(place: Place, origin: str) -> bytes:
    return heads(place.head)[origin][1]


@pytest.mark.row("SHARD2")
def test_what_is_there_of_a_lost_log_must_be_what_was_published(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost are the entries behind those that came back; nobody writes the ones before anew."""
    old = Place(place.database.parent / "old")
    old.database.parent.mkdir()
    old.entropy.drawn = place.entropy.drawn
    for one in ("database", "head"):
        shutil.copy(getattr(place, one), getattr(old, one))
    fill(place, 1, 20)
    note = kept(place, ORIGIN)
    fill(old, 1_000, 50)
    monkeypatch.setattr(turning, "missing", lambda *_: {ORIGIN: 1_000_000})
    turned(old, lost=True)
    found = old.verify(checkpoint=note).findings
    assert Fault.LOG_FORKED in [each.fault for each in found], found


@pytest.mark.row("SHARD2")
@pytest.mark.parametrize("origin", [NEXT, f"{ORIGIN}/2028"], ids=["itself", "a later one"])
def test_no_log_gives_leave_to_lose_itself_or_a_later_one(
    place: Place, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(turning, "missing", lambda *_: {origin: 1_000_000})
        turned(place, lost=True)
    if origin != NEXT:
        turned(place, "2028")
    old = Place(place.database.parent / "old")
    old.database.parent.mkdir()
    old.entropy.drawn = place.entropy.drawn + 1_000
    for one in ("database", "head"):
        shutil.copy(getattr(place, one), getattr(old, one))
    fill(place, 600, 9)
    note = kept(place, origin)
    fill(old, 700, 3)
    found = old.verify(checkpoint=note).findings
    assert Fault.LOG_TRUNCATED in [each.fault for each in found], found


def test_a_log_that_named_another_is_not_gone_on_from_by_calling_something_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(place, 1, 3)
    with monkeypatch.context() as patched:
        patched.setattr(turning, "seal", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            turned(place)
    monkeypatch.setattr(turning, "missing", lambda *_: {"nothing": 1})
    turned(place, "2028", lost=True)
    found = place.verify().findings
    assert [each.fault for each in found] == [Fault.LOG_PARTED], found


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
