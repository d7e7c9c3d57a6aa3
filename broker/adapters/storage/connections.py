"""How connections to the database are opened: never making a file, durable, and checked to be so."""

import sqlite3
from pathlib import Path

BUSY_SECONDS = 2.0
"""How long a writer waits for somebody else's transaction before it gives up."""
_FULL = 2


class DurabilityError(Exception):
    """The database does not promise what the ledger needs; the message names the setting."""


def connect_existing(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, every commit on disk when it returns. FileNotFoundError if no file is there.

    May be handed to another thread, but used by one at a time.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


def connect_ledger(path: Path) -> sqlite3.Connection:
    """The one connection that writes rows and the log: write-ahead log, and what is overwritten is wiped."""
    db = connect_existing(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA secure_delete = ON")
    return db


def assert_durable(db: sqlite3.Connection) -> None:
    """DurabilityError unless every commit of `db` is on disk when it returns."""
    (synchronous,) = db.execute("PRAGMA synchronous").fetchone()
    if synchronous != _FULL:
        raise DurabilityError(f"PRAGMA synchronous reads {synchronous}; the ledger needs 2 (FULL)")
    (journal,) = db.execute("PRAGMA journal_mode").fetchone()
    if journal != "wal":
        raise DurabilityError(f"PRAGMA journal_mode reads {journal}; the ledger needs wal")
