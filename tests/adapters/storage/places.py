"""A fresh place for each test; making a database once and copying it saves most of the time."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from broker.adapters.storage.postgres.ordering import LogOf
from tests.adapters.storage.support import ORIGIN, Place, SharedPlace, sign
from tests.fakes import CountingEntropy, FakeClock
from tests.postgres import Cluster, Database, shared_cluster

_MADE = count()
"""Folders of tests that import these fixtures have one each."""


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("database")).create()


@pytest.fixture
def place(new_database: Place, tmp_path: Path) -> Place:
    """A database with an empty log (its first entry is `log.created`)."""
    fresh = Place(tmp_path)
    fresh.entropy.drawn = new_database.entropy.drawn
    shutil.copy(new_database.database, fresh.database)
    shutil.copy(new_database.head, fresh.head)
    return fresh


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with shared_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_database(cluster: Cluster) -> Database:
    log = LogOf(origin=ORIGIN, sign=sign, clock=FakeClock(), entropy=CountingEntropy())
    return Database(cluster, f"test_{os.getpid()}_{next(_MADE)}").make(log)


@pytest.fixture
def shared_place(postgres_database: Database) -> SharedPlace:
    """The same in PostgreSQL."""
    return SharedPlace(postgres_database.again())
