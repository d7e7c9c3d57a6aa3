"""A database as a file and back: the same log, on whichever database, and never an older one."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from broker.adapters.storage.audit_tool import verify
from broker.adapters.storage.head import LedgerRefusedError, heads
from broker.adapters.storage.postgres.copying import from_file, to_file
from broker.adapters.storage.postgres.reads import open_postgres_rows
from broker.core.rows import Put, Revocation, changed
from broker.core.time import Seconds
from tests.adapters.storage.support import KEY, ORIGIN, Place, SharedPlace, ed25519, ended, entry
from tests.postgres import Database

_NUMBERS = count()


@pytest.fixture
def empty(shared_place: SharedPlace) -> SharedPlace:
    """A database without anything."""
    cluster, name = shared_place.database.cluster, f"empty_{os.getpid()}_{next(_NUMBERS)}"
    cluster.sql(f"CREATE DATABASE {name}")
    return replace(shared_place, database=Database(cluster, name))


def head_of(place: Place) -> dict[str, tuple[int, bytes]]:
    return heads(place.head)


@pytest.mark.row("PG-COPY")
async def test_sqlite_becomes_postgresql_and_a_file_again_and_the_log_is_the_same(
    place: Place, empty: SharedPlace, tmp_path: Path
) -> None:
    await asyncio.to_thread(place.fill, 300, lambda n: (ended(f"grant:{n}"),) if n % 3 == 0 else (), at_once=True)
    report = await asyncio.to_thread(place.verify)
    copied = await from_file(place.database, empty.url, empty.url, ORIGIN, head_of(place))
    assert (copied.size, copied.root) == (301, report.root)
    async with open_postgres_rows(empty.url) as rows:
        assert len([row async for row in rows.scan(Revocation)]) == 100
    with pytest.raises(FileExistsError):
        await from_file(place.database, empty.url, empty.url, ORIGIN, {})
    file = tmp_path / "again.sqlite"
    async with empty.open() as ledger:
        first = Revocation(id="grant:9", since=Seconds(1))
        await ledger.record(entry(1_001), Put(changed(first, ground="more")))
        writing = asyncio.gather(*(ledger.record(entry(n)) for n in range(1_002, 1_200)))
        again = await to_file(empty.url, file, ORIGIN, ledger)
        await writing
    with pytest.raises(FileExistsError):
        await to_file(empty.url, file, ORIGIN, ledger)
    assert 302 <= again.size <= 500
    proved = verify(file, [KEY], ORIGIN, ed25519, None, head_of(place)[ORIGIN][1])
    assert (proved.ok, proved.size, proved.root) == (True, again.size, again.root)


@pytest.mark.row("PG-COPY")
async def test_an_old_copy_or_another_log_is_refused_and_leaves_nothing(
    place: Place, empty: SharedPlace, tmp_path: Path
) -> None:
    await asyncio.to_thread(place.fill, 5)
    old = tmp_path / "old.sqlite"
    shutil.copy(place.database, old)
    async with place.open() as ledger:
        await ledger.record(entry(6))
    with pytest.raises(LedgerRefusedError, match="old backup"):
        await from_file(old, empty.url, empty.url, ORIGIN, head_of(place))
    with pytest.raises(LedgerRefusedError, match="newest copy"):
        await from_file(old, empty.url, empty.url, ORIGIN, {})
    with closing(sqlite3.connect(old)) as db:
        db.execute("UPDATE record SET body = x'00' WHERE seq = 3")
        db.commit()
    with pytest.raises(LedgerRefusedError, match="damaged"):
        await from_file(old, empty.url, empty.url, ORIGIN, head_of(place))
    await from_file(place.database, empty.url, empty.url, ORIGIN, head_of(place))
