"""The tables that PostgreSQL has besides (`schema.py`), and the statements that write whole batches.

`pending`: entries that are durable and have no place in the log yet, with all that is to be written beside them.
`feed`: rows that decisions read, in the order of the log, for the pictures of all processes; kept for an hour.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import sqlalchemy as sa

from broker.adapters.storage import schema

CHANNEL_WAITING, CHANNEL_GROWN = "broker_waiting", "broker_grown"
"""Told of: something waits that others wait for; the log has grown by something that decisions read."""
HEAD = "audit_lock.head"
"""The head of the log: in a schema of its own, that no copy of the database takes along."""
FEED_KEPT = 3_600
"""Seconds."""

_TYPES = {"record": "bigint bigint text bytea", "receipt": "bytea bigint", "effect": "text text bigint text bigint"} | {
    "history": "text text bigint bigint text",
    "pending": "text bigint text bytea text",
    "feed": "bigint bigint bigint text text",
}
_COLUMNS = {"pending": "id, at, kind, body, more", "feed": "seq, place, at, kind, body"}

NEW_HEAD = f"""
CREATE SCHEMA IF NOT EXISTS audit_lock;
CREATE TABLE IF NOT EXISTS {HEAD} (origin text PRIMARY KEY, size bigint NOT NULL, note bytea NOT NULL);
"""
SELECT_HEAD = f"SELECT size, note FROM {HEAD} WHERE origin = $1"  # noqa: S608 (ours)
ORIGINS = f"SELECT origin FROM {HEAD}"  # noqa: S608 (ours)
SELECT_HEADS = f"SELECT origin, size, note FROM {HEAD}"  # noqa: S608 (ours)
SWAP_HEAD = f"UPDATE {HEAD} SET size = $1, note = $2 WHERE origin = $3 AND note = $4 AND size < $1"  # noqa: S608
TAKE_PENDING = (
    "DELETE FROM pending WHERE n IN (SELECT n FROM pending ORDER BY n LIMIT $1) RETURNING n, id, at, kind, body, more"
)
SIZE = "SELECT coalesce(max(seq) + 1, 0) FROM record"
"""How many entries have their number, those of logs that have ended among them."""
FEED = (
    "SELECT f.seq, r.body AS entry, f.kind, f.body FROM feed f JOIN record r ON r.seq = f.seq"
    " WHERE f.seq >= $1 AND f.seq < $2 ORDER BY f.seq, f.place"
)


@cache
def many(table: str) -> str:
    """Inserts as many rows as the arrays have that it is given, a column each. Leaves out what is there already."""
    arrays = ", ".join(f"${place}::{each}[]" for place, each in enumerate(_TYPES[table].split(), 1))
    into = f"{table} ({_COLUMNS[table]})" if table in _COLUMNS else table
    return f"INSERT INTO {into} SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608 (ours)


@cache
def insert_rows(kind: str) -> str:
    """Stores first versions, a column an array; leaves out those whose id is taken."""
    return f'INSERT INTO "{kind}" SELECT * FROM unnest({_arrays(kind)}) ON CONFLICT DO NOTHING'  # noqa: S608 (ours)


@cache
def update_rows(kind: str) -> str:
    """Puts versions in place of those before them; leaves out those where another one is stored."""
    names = schema.ROWS[kind].columns.keys()
    assigned = ", ".join(f"{name} = u.{name}" for name in names[1:])
    return (
        f'UPDATE "{kind}" AS t SET {assigned} FROM unnest({_arrays(kind)}) AS u ({", ".join(names)})'  # noqa: S608
        " WHERE t.id = u.id AND t.version = u.version - 1"
    )


@cache
def drop_rows(kind: str) -> str:
    """Takes rows away, given their ids and the versions after their last; leaves those where another one is stored."""
    return (
        f'DELETE FROM "{kind}" AS t USING unnest($1::text[], $2::bigint[]) AS u (id, version)'  # noqa: S608 (ours)
        " WHERE t.id = u.id AND t.version = u.version - 1"
    )


WRITE: Mapping[str, Callable[[str], str]] = MappingProxyType({
    "insert": insert_rows, "update": update_rows, "drop": drop_rows,
})  # fmt: skip
"""What is done with rows (`codec.Stored.verb`) to the statement for their kind."""


def _arrays(kind: str) -> str:
    types = ("bigint[]" if isinstance(c.type, sa.Integer) else "text[]" for c in schema.ROWS[kind].columns)
    return ", ".join(f"${place}::{each}" for place, each in enumerate(types, 1))
