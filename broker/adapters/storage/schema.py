"""Which tables there are, once, for SQLite and PostgreSQL; and the statements that write them, compiled once.

Rows: a table for each kind, with the row as canonical JSON in `body` and, beside it, the members that are
looked up by (INDEXED); and `history`, every version of the rows that decisions read.
The log: `record` (the very bytes that are hashed), `receipt` (where the entry of a receipt id is, the id as the 16
bytes that it stands for), `effect` (what each record changed),
`tile` (full ones of level 0, all of the levels above) and `checkpoint`, with those hashes of the entries that it is
the first to cover which are in no full tile: together, the tile of level 0 that is not full yet. The same of logs that
have ended: `shard` and `shard_tile` (`shards.py`).
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from broker.core.rows import KINDS

REVISION = "0002"
"""The one schema revision that this program reads and writes."""

INDEXED: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "access": ("person",),
    "alert": ("state",),
    "application": ("person",),
    "approval": ("person",),
    "challenge": ("person",),
    "code": ("family",),
    "comment": ("consultation", "person"),
    "consultation": ("state", "pack"),
    "delivery": ("state", "access", "object"),
    "document": ("name",),
    "family": ("person", "session", "client"),
    "farewell": ("state",),
    "grant": ("person", "dataset"),
    "home_session": ("home",),
    "identity": ("person",),
    "incident": ("reporter",),
    "attachment": ("person",),
    "mailbox": ("person", "subject"),
    "notice": ("box", "state"),
    "pack_proposal": ("state", "pack"),
    "recipient_key": ("person",),
    "refresh_token": ("family",),
    "report": ("person", "grant"),
    "request": ("person", "dataset", "state"),
    "result_report": ("reporter", "stage"),
    "review": ("application",),
    "session": ("person",),
    "task": ("person",),
    "trace": ("person",),
    "usage": ("decision",),
    "withdrawal_receipt": ("subject",),
})  # fmt: skip
"""Kind to the members by which its rows are found."""

metadata = sa.MetaData()
_whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ids are in the order of their characters in both dialects, wherever a server stands."""


def _table(name: str, *parts: SchemaItem, rowid: bool = True) -> sa.Table:
    return sa.Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _column(name: str, type_: TypeEngine[Any] | type, *, key: bool = False, optional: bool = False) -> SchemaItem:
    return sa.Column(name, type_, primary_key=key, nullable=optional, autoincrement=False)


RECORD = _table(
    "record",
    _column("seq", _whole, key=True),
    _column("at", _whole),
    _column("kind", _text),
    _column("body", sa.LargeBinary),
)
RECEIPT = _table("receipt", _column("id", sa.LargeBinary, key=True), _column("seq", _whole), rowid=False)
EFFECT = _table(
    "effect",
    _column("kind", _text, key=True),
    _column("row_id", _text, key=True),
    _column("version", _whole, key=True),
    _column("digest", _text),
    _column("seq", _whole),
    sa.Index("effect_seq", "seq"),
    rowid=False,
)
HISTORY = _table(
    "history",
    _column("kind", _text, key=True),
    _column("row_id", _text, key=True),
    _column("version", _whole, key=True),
    _column("seq", _whole),
    _column("body", _text),
    rowid=False,
)
TILE = _table(
    "tile",
    _column("l", _whole, key=True),
    _column("n", _whole, key=True),
    _column("data", sa.LargeBinary),
)
CHECKPOINT = _table(
    "checkpoint",
    _column("size", _whole, key=True),
    _column("root", sa.LargeBinary),
    _column("note", sa.LargeBinary),
    _column("at", _whole),
    _column("leaves", sa.LargeBinary),
)
SHARD = _table(
    "shard",
    _column("origin", _text, key=True),
    _column("first", _whole),
    _column("size", _whole),
    _column("root", sa.LargeBinary),
    _column("note", sa.LargeBinary),
    _column("at", _whole),
    _column("leaves", sa.LargeBinary),
)
SHARD_TILE = _table(
    "shard_tile",
    _column("origin", _text, key=True),
    _column("l", _whole, key=True),
    _column("n", _whole, key=True),
    _column("data", sa.LargeBinary),
)
SCRATCH = _table(
    "scratch",
    _column("n", _whole, key=True),
    _column("kind", _text),
    _column("id", _text),
    _column("body", _text),
    _column("expires", _whole),
    sa.Index("scratch_kind_id", "kind", "id", unique=True),
    sa.Index("scratch_kind_n", "kind", "n"),
    sa.Index("scratch_expires", "expires"),
)
META = _table("meta", _column("key", _text, key=True), _column("value", _text))


def _row_table(kind: str) -> sa.Table:
    members = INDEXED.get(kind, ())
    return _table(
        kind,
        _column("id", _text, key=True),
        _column("version", _whole),
        _column("body", _text),
        *(_column(member, _text, optional=True) for member in members),
        *(sa.Index(f"{kind}_{member}", member) for member in members),
    )


ROWS: Mapping[str, sa.Table] = MappingProxyType({kind.KIND: _row_table(kind.KIND) for kind in KINDS})


def _sql(statement: ClauseElement) -> str:
    """As SQLite reads it: parameters by place, in the order of the table's columns."""
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))


def _insert(table: sa.Table) -> str:
    return _sql(sa.insert(table).values({column.name: sa.bindparam(column.name) for column in table.columns}))


@cache
def insert_row(kind: str) -> str:
    """Stores version 1 of a row; touches nothing if the id is taken. Parameters: the columns."""
    return _insert(ROWS[kind]) + " ON CONFLICT DO NOTHING"


@cache
def update_row(kind: str) -> str:
    """Puts a version in place of the one before it; touches nothing if another one is stored. As above."""
    table = ROWS[kind]
    assigned = ", ".join(f"{name} = ?{place}" for place, name in enumerate(table.columns.keys(), 1))
    return f'UPDATE "{table.name}" SET {assigned} WHERE id = ?1 AND version = ?2 - 1'  # noqa: S608 (ours)


@cache
def drop_row(kind: str) -> str:
    """Takes a row away; nothing if another version is stored. Parameters: id, the version after its last."""
    return f'DELETE FROM "{ROWS[kind].name}" WHERE id = ?1 AND version = ?2 - 1'  # noqa: S608 (ours)


WRITE: Mapping[str, Callable[[str], str]] = MappingProxyType({
    "insert": insert_row, "update": update_row, "drop": drop_row,
})  # fmt: skip
"""What is done with a row (`codec.Stored.verb`) to the statement for its kind."""


@cache
def insert_many(table: sa.Table, count: int) -> str:
    """Inserts `count` rows in one step, their columns one after another: a step gives up the interpreter's lock."""
    return _insert(table) + f", ({', '.join('?' * len(table.columns))})" * (count - 1)


ERASE_HISTORY = "UPDATE history SET body = '' WHERE kind = ?1 AND row_id = ?2 AND version < ?3"
"""Versions of a row that name somebody who was erased: their digests stay in `effect` (core/rows/erasure.py)."""
INSERT_META = _insert(META)
INSERT_CHECKPOINT = _insert(CHECKPOINT)
PUT_TILE = _insert(TILE) + " ON CONFLICT (l, n) DO UPDATE SET data = excluded.data"
THIN_CHECKPOINTS = _sql(
    sa.delete(CHECKPOINT).where(CHECKPOINT.c.size > sa.bindparam("above"), CHECKPOINT.c.size < sa.bindparam("below"))
)
"""Of the checkpoints within a tile that is full now, the last one is enough."""

SELECT_TILE = "SELECT data FROM tile WHERE l = ?1 AND n = ?2"
SELECT_TAIL = "SELECT size, leaves FROM checkpoint WHERE size > 256 * ?1 ORDER BY size"
"""The leaf hashes of tile ?1 of level 0 before it is full (`core.audit.tiles.tail`)."""
