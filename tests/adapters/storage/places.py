"""A fresh place for each test; making a database once and copying it saves most of the time."""

import shutil
from pathlib import Path

import pytest

from tests.adapters.storage.support import Place


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
