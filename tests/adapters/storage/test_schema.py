"""The tables as they are described and as the migrations make them are the same, in both dialects."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

from broker.adapters.storage.create import alembic_config, create, upgrade
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.migrations.versions import r0002_visas_and_clients
from broker.adapters.storage.recovery import assert_revision
from broker.adapters.storage.schema import INDEXED, REVISION, ROWS, insert_row, metadata, update_row
from broker.core.rows import KINDS
from tests.adapters.storage.support import ORIGIN, Place, ended, sign


def test_the_migrations_make_exactly_the_tables_that_are_described(place: Place) -> None:
    engine = sa.create_engine(f"sqlite:///{place.database}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert ScriptDirectory.from_config(alembic_config(connection)).get_current_head() == REVISION


def test_migrated_and_described_tables_read_the_same_to_sqlite(place: Place) -> None:
    """What alembic does not compare: strictness, keys, and whether a table has row ids."""

    def shape(db: sqlite3.Connection) -> set[tuple[object, ...]]:
        tables = {row[1:] for row in db.execute("PRAGMA table_list") if row[1] in metadata.tables}
        return tables | {(t, *c[1:]) for t in metadata.tables for c in db.execute(f'PRAGMA table_info("{t}")')}

    described = sa.create_engine("sqlite://")
    with described.begin() as connection, closing(sqlite3.connect(place.database)) as migrated:
        metadata.create_all(connection)
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        assert shape(raw) == shape(migrated)
    described.dispose()


def test_the_tables_can_be_made_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        text = str(sa.schema.CreateTable(table).compile(dialect=dialect))
        assert "BIGINT" in text or table.name == "meta"
        assert "STRICT" not in text


def test_every_kind_of_row_has_a_table_and_none_is_called_like_one_of_the_log() -> None:
    assert set(ROWS) == {kind.KIND for kind in KINDS}
    others = {"record", "receipt", "effect", "history", "tile", "checkpoint", "scratch", "meta"} | {
        "shard",
        "shard_tile",
    }
    assert set(metadata.tables) == set(ROWS) | others
    assert not set(ROWS) & others
    assert set(INDEXED) <= set(ROWS)


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_rows_are_written_with_their_precondition(place: Place, kind: str) -> None:
    more = [None] * len(INDEXED.get(kind, ()))
    with closing(sqlite3.connect(place.database, isolation_level=None)) as db:

        def put(version: int) -> int:
            statement = insert_row(kind) if version == 1 else update_row(kind)
            return db.execute(statement, ("a", version, f"{version}", *more)).rowcount

        assert [put(2), put(1), put(1), put(3), put(2), put(2), put(3)] == [0, 1, 0, 0, 1, 0, 1]
        assert db.execute(f'SELECT id, version, body FROM "{kind}"').fetchall() == [("a", 3, "3")]


def test_nothing_that_exists_is_overwritten(place: Place, tmp_path: Path) -> None:
    before = place.database.read_bytes()
    for database, head in ((place.database, tmp_path / "new"), (tmp_path / "new", place.head)):
        with pytest.raises(FileExistsError):
            create(database, head, origin=ORIGIN, sign=sign, clock=place.clock, entropy=place.entropy)
    assert place.database.read_bytes() == before
    assert not (tmp_path / "new").exists()


def test_a_creation_that_fails_leaves_no_database_behind(tmp_path: Path) -> None:
    place = Place(tmp_path)

    def broken(_: bytes) -> bytes:
        raise RuntimeError("no key")

    with pytest.raises(RuntimeError, match="no key"):
        create(place.database, place.head, origin=ORIGIN, sign=broken, clock=place.clock, entropy=place.entropy)
    assert not place.database.exists()
    place.create()
    assert place.database.stat().st_mode & 0o077 == 0
    assert place.head.stat().st_mode & 0o077 == 0


def test_a_new_log_begins_by_saying_whose_it_is(place: Place) -> None:
    assert place.ask("SELECT seq, kind FROM record") == [(0, "log.created")]
    assert ORIGIN.encode() in place.ask("SELECT body FROM record")[0][0]
    assert place.verify().ok


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(place: Place, tmp_path: Path) -> None:
    upgrade(place.database)
    assert place.verify().ok
    with pytest.raises(FileNotFoundError):
        upgrade(tmp_path / "gone")


RECEIPT = "'rcp_' || " + " || '-' || ".join(
    f"lower(substr(hex(c.id), {first}, {count}))" for first, count in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
)


def as_of_0001(place: Place) -> None:
    """As it was made by the version before: without the tables that came later, and saying so."""
    place.tamper(
        *(f'DROP TABLE "{kind}"' for kind in r0002_visas_and_clients._KINDS),
        "DROP INDEX delivery_object",
        "ALTER TABLE delivery DROP COLUMN object",
        "DROP TABLE history",
        "DROP TABLE shard",
        "DROP TABLE shard_tile",
        "DELETE FROM meta WHERE key = 'history_from'",
        "ALTER TABLE record ADD COLUMN id TEXT NOT NULL DEFAULT ''",
        f"UPDATE record SET id = (SELECT {RECEIPT} FROM receipt c WHERE c.seq = record.seq)",
        "CREATE UNIQUE INDEX record_id ON record (id)",
        "DROP TABLE receipt",
        "UPDATE alembic_version SET version_num = '0001'",
    )


def test_a_database_of_the_first_revision_is_refused_and_can_be_brought_up_to_date(place: Place) -> None:
    as_of_0001(place)
    place.tamper("""INSERT INTO delivery (id, version, body, state) VALUES ('d', 1, '{"object":"obj-1"}', 'cut')""")
    with closing(sqlite3.connect(place.database)) as db, pytest.raises(LedgerRefusedError, match="broker migrate"):
        assert_revision(db)
    upgrade(place.database)
    with closing(sqlite3.connect(place.database)) as db:
        assert_revision(db)
        assert set(ROWS) <= {row[1] for row in db.execute("PRAGMA table_list")}
        assert db.execute("SELECT object FROM delivery").fetchall() == [("obj-1",)]
        db.execute("DELETE FROM delivery")
        db.commit()
    assert place.verify().ok


def test_rows_that_are_there_begin_the_history_and_older_versions_are_not_missed(place: Place) -> None:
    place.fill(3, lambda n: (ended(f"grant:{n}"),))
    as_of_0001(place)
    upgrade(place.database)
    kept = place.ask(
        "SELECT h.row_id, h.version, h.seq, h.body = r.body FROM history h JOIN revocation r ON r.id = h.row_id"
    )
    assert sorted(kept) == [(f"grant:{n}", 1, n, 1) for n in (1, 2, 3)]
    assert place.ask("SELECT value FROM meta WHERE key = 'history_from'") == [("4",)]
    assert place.verify().ok
    place.tamper("DELETE FROM history WHERE row_id = 'grant:2'")
    assert place.verify().ok, "nobody promised to keep what was there before"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE history SET body = replace(body, '\"since\":1', '\"since\":2') WHERE row_id = 'grant:2'",
            "row_changed",
        ),
        ("UPDATE history SET seq = 1 WHERE row_id = 'grant:2'", "row_changed"),
        ("UPDATE history SET version = 7 WHERE row_id = 'grant:2'", "row_inserted"),
        ("DELETE FROM history WHERE row_id = 'grant:2'", "row_deleted"),
        ("INSERT INTO history VALUES ('revocation', 'grant:9', 1, 1, '{}')", "row_inserted"),
    ],
)
def test_a_history_that_was_edited_is_found(place: Place, statement: str, fault: str) -> None:
    place.fill(3, lambda n: (ended(f"grant:{n}"),))
    assert place.verify().ok
    place.tamper(statement)
    assert fault in {str(finding.fault) for finding in place.verify().findings}
