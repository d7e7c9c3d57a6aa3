"""What keeps a log from having two futures: one process at a time, and a head that only moves forward.

The head of the log (its last published checkpoint) is kept in a small database of its own, which must not be
in the same backup as the main one. A checkpoint is published only after the head was moved to it by
compare-and-swap; a main database that is older than the head was restored, and would fork the log.
"""

import fcntl
import os
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection, IntegrityError

from broker.adapters.storage.connections import connect_existing

_DDL = "CREATE TABLE head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL) STRICT"
_NEW = "INSERT INTO head VALUES (?, ?, ?)"
_SWAP = "UPDATE head SET size = ?, note = ? WHERE origin = ? AND note = ? AND size < ?"


class LedgerRefusedError(Exception):
    """The ledger will not start; the message says why and what an operator can do."""


class ForkError(Exception):
    """Somebody else has moved the head: another process writes this log."""


class ProcessLock:
    """Held as long as this object is open. LedgerRefusedError when another process (or ledger) holds it."""

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise LedgerRefusedError(f"{database} is in use: another broker runs on it") from None

    def close(self) -> None:
        os.close(self._file)


class Head:
    """The published head of one log."""

    def __init__(self, path: Path, origin: str) -> None:
        """LedgerRefusedError if the file is missing or knows nothing of `origin`."""
        self._origin = origin
        try:
            self._db = _connect(path)
        except FileNotFoundError:
            raise LedgerRefusedError(f"{path} is missing: without the head nobody can tell a restored log") from None
        found = self._db.execute("SELECT size, note FROM head WHERE origin = ?", (origin,)).fetchone()
        if found is None:
            self._db.close()
            raise LedgerRefusedError(f"{path} is not the head of the log {origin}")
        self.origins = frozenset(row[0] for row in self._db.execute("SELECT origin FROM head"))
        """Of every log that was ever published from here."""
        self.size: int = found[0]
        self.note: bytes = found[1]

    def move(self, size: int, note: bytes) -> None:
        """Durable on return. ForkError when the head is not where this process left it, or would go back."""
        moved = self._db.execute(_SWAP, (size, note, self._origin, self.note, size)).rowcount
        if moved != 1:
            raise ForkError(f"the head of {self._origin} was moved by somebody else")
        self.size, self.note = size, note

    def close(self) -> None:
        self._db.close()


def _connect(path: Path) -> Connection:
    """FileNotFoundError if there is no file."""
    db = connect_existing(path)
    db.execute("PRAGMA synchronous = EXTRA")  # FULL may forget a commit: its journal comes back
    return db


def create_head(path: Path, origin: str, size: int, note: bytes) -> None:
    """A new head file. FileExistsError rather than touch an old one."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(connect_existing(path)) as db:
        db.execute(_DDL)
        db.execute(_NEW, (origin, size, note))


def heads(path: Path) -> dict[str, tuple[int, bytes]]:
    """Origin to size and note of each log that was published. LedgerRefusedError for a file that is not there."""
    if not path.is_file():
        raise LedgerRefusedError(f"{path} is missing: without the head nobody can tell a restored log")
    with closing(connect_existing(path)) as db:
        return {row[0]: (row[1], row[2]) for row in db.execute("SELECT origin, size, note FROM head")}


def add_head(path: Path, origin: str, size: int, note: bytes) -> None:
    """The head of one more log. ForkError if there was one of that name: nobody begins a log twice."""
    with closing(_connect(path)) as db:
        try:
            db.execute(_NEW, (origin, size, note))
        except IntegrityError:
            raise ForkError(f"a log {origin} was begun before: choose another name") from None
