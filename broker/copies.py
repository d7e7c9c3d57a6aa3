"""Copies of a whole database: one kind of file for SQLite and PostgreSQL, so that one can become the other."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import open_keys
from broker.adapters.storage.connections import connect_existing
from broker.adapters.storage.head import heads
from broker.adapters.storage.postgres.copying import Copied, from_file, to_file
from broker.adapters.storage.postgres.ledger import open_postgres_ledger
from broker.adapters.storage.recovery import assert_newest, assert_revision, recover
from broker.config import Settings
from broker.state import log_key, log_origin


async def back_up(settings: Settings, file: Path) -> Copied:
    """A copy in a new file. FileExistsError rather than overwrite one."""
    if file.exists():  # noqa: ASYNC240 (once)
        raise FileExistsError(file)
    origin, url = log_origin(settings.issuer), settings.database_url
    if url is None:
        with closing(connect_existing(settings.database)) as db, closing(sqlite3.connect(file)) as copy:
            file.chmod(0o600)  # noqa: ASYNC240 (once)
            db.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            return _copied(copy, origin)
    store = open_keys(settings.keys, settings.passphrase_file)
    async with open_postgres_ledger(
        url,
        settings.head_url or url,
        origin=origin,
        sign=log_key(store, settings.issuer)[1],
        clock=SystemClock(),
        entropy=SystemEntropy(),
    ) as ledger:
        return await to_file(url, file, origin, ledger)


async def restore(settings: Settings, file: Path) -> Copied:
    """A copy into the database of the settings. FileExistsError if there is one; LedgerRefusedError if it is old."""
    origin, url = log_origin(settings.issuer), settings.database_url
    published = heads(settings.lock_database) if settings.lock_database.is_file() else {}
    if url is not None:
        return await from_file(file, url, settings.head_url or url, origin, published)
    if settings.database.exists():
        raise FileExistsError(settings.database)
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as db:  # noqa: ASYNC240 (once)
        assert_revision(db)
        copied = _copied(db, origin)
        if published:
            assert_newest(db, copied.log, published)
    unfinished = settings.database.with_name(settings.database.name + ".new")
    shutil.copyfile(file, unfinished)
    unfinished.chmod(0o600)
    unfinished.rename(settings.database)
    return copied


def _copied(db: sqlite3.Connection, origin: str) -> Copied:
    found = recover(db, origin)
    return Copied(found.edge.frontier.size, found.edge.frontier.root(), found.log.origin)
