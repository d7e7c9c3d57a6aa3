"""Making a database, and bringing an old one up to date. Both are commands, never a side effect of a start."""

import contextlib
import os
from importlib import resources
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from broker.adapters.storage import migrations
from broker.adapters.storage.connections import connect_existing, connect_ledger
from broker.adapters.storage.head import ProcessLock, create_head
from broker.adapters.storage.schema import INSERT_META
from broker.adapters.storage.writer import Sign, Writer, wish_for
from broker.core.audit.entry import Entry
from broker.core.ids import ReceiptId, make_id
from broker.ports import Clock, Entropy

PAGE_BYTES = 8_192
"""Of a new database: of SQLite's 4,096 an entry of 500 bytes leaves up to a tenth unused at the end of each."""


def create(path: Path, head_path: Path, *, origin: str, sign: Sign, clock: Clock, entropy: Entropy) -> None:
    """A new database with an empty log of that origin (one entry, `log.created`), and the head of the log.

    FileExistsError if either file is there: nothing is ever overwritten. Either both appear or the database
    does not, so that what a crash left behind cannot be opened.
    """
    for each in (path, head_path):
        if each.exists():
            raise FileExistsError(each)
    unfinished = path.with_name(path.name + ".new")
    try:
        make_tables(unfinished)
        size, note = _begin(unfinished, origin=origin, sign=sign, clock=clock, entropy=entropy)
        create_head(head_path, origin, size, note)
        os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(path.parent)


def make_tables(path: Path) -> None:
    """A new file with empty tables. FileExistsError rather than touch an old one."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(connect_existing(path)) as db:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute("PRAGMA journal_mode = WAL")  # which writes the first page
    _migrate(path)


def upgrade(path: Path) -> None:
    """Bring the schema of an existing database to this program's revision. Make a copy first."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with contextlib.closing(ProcessLock(path)):
        _migrate(path)


def _migrate(path: Path) -> None:
    """All revisions in one transaction: after a crash the schema is the old one or the new one."""
    engine = sa.create_engine("sqlite://", creator=lambda: connect_ledger(path), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, without a file of its own. Without a connection it only writes down what it would do."""
    config = Config()
    config.set_main_option("script_location", str(resources.files(migrations)))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _begin(path: Path, *, origin: str, sign: Sign, clock: Clock, entropy: Entropy) -> tuple[int, bytes]:
    """Write the first entry. Size and note of the first checkpoint."""
    with contextlib.closing(connect_ledger(path)) as db:
        db.execute(INSERT_META, ("origin", origin))
        writer = Writer(db, origin=origin, sign=sign, clock=clock, entropy=entropy)
        now = clock.now()
        first = Entry(
            id=ReceiptId(make_id("rcp", now, entropy.for_id())),
            at=now,
            kind="log.created",
            nonce=entropy.random(16).hex(),
            about={"origin": origin},
        )
        writer.commit([wish_for(first)])
        return writer.size, writer.note


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is durable only when the folder is."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
