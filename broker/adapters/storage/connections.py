"""How connections to the database are opened: never making a file, durable, and checked to be so."""

import os
import sqlite3
from functools import partial
from pathlib import Path

BUSY_SECONDS = 2.0
"""How long a writer waits for somebody else's transaction before it gives up."""
_FULL = 2


class DurabilityError(Exception):
    """The database does not promise what the ledger needs; the message names the setting."""


class DatabaseAwayError(OSError):
    """The server cannot be reached, or lets nobody in; the message names it, without a password, and says why."""


def connect_existing(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, every commit on disk when it returns. FileNotFoundError if no file is there.

    PermissionError if it or its folder cannot be read and written; ValueError if it is no database, or damaged.
    May be handed to another thread, but used by one at a time.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no database; `broker init` makes one")
    for one, needed in ((path, os.R_OK | os.W_OK), (path.parent, os.W_OK | os.X_OK)):
        if not os.access(one, needed):  # SQLite would open it all the same, and find out at the first write
            raise PermissionError(f"{one}: it cannot be read and written")
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.execute("PRAGMA synchronous = FULL")
    except sqlite3.OperationalError:
        db.close()
        raise
    except sqlite3.DatabaseError as wrong:
        db.close()
        raise ValueError(f"{path}: {wrong}; restore a backup") from None
    db.execute("PRAGMA trusted_schema = OFF")
    return db


def connect_reading(path: Path) -> sqlite3.Connection:
    """For who checks: read-only. A copy on a read-only medium has no place for SQLite's shared memory: then as it lies.

    Broken text is read as it is, with its bad bytes written out: a finding, no crash.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        db.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        db.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        db = sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None)
    db.execute("PRAGMA trusted_schema = OFF")
    db.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
    return db


def connect_ledger(path: Path) -> sqlite3.Connection:
    """The one connection that writes rows and the log: write-ahead log, and what is overwritten is wiped.

    What SQLite notes down so that it can take back one statement is never on disk: a file made and removed for every
    commit cost as much as the commit, and lay outside the folder of the state.
    """
    db = connect_existing(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def keep_unfolded(path: Path) -> None:
    """For the rest of this process nobody folds the write-ahead log into the database any more, at no close.

    After a sync that failed, the log may be whole in memory and have holes on the disk. Folded, and the power
    lost, what is left of it would be laid over newer pages. This connection stays open, and cannot fold either:
    it only reads.
    """
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    db.execute("SELECT 1 FROM sqlite_schema").fetchone()
    _KEPT.append(db)


_KEPT: list[sqlite3.Connection] = []


def assert_durable(db: sqlite3.Connection) -> None:
    """DurabilityError unless every commit of `db` is on disk when it returns."""
    (synchronous,) = db.execute("PRAGMA synchronous").fetchone()
    if synchronous != _FULL:
        raise DurabilityError(f"PRAGMA synchronous reads {synchronous}; the ledger needs 2 (FULL)")
    (journal,) = db.execute("PRAGMA journal_mode").fetchone()
    if journal != "wal":
        raise DurabilityError(f"PRAGMA journal_mode reads {journal}; the ledger needs wal")
