"""A row as it is stored, and back: canonical JSON whose digest the log commits to.

What is read from the database was written by us, but is read strictly all the same: a row that somebody
edited by hand must not become something that no flow could have made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

from broker.adapters.storage.schema import INDEXED
from broker.core.audit.entry import GONE, Effect
from broker.core.plain import canonical, plain
from broker.core.rows import HISTORY_KINDS, KINDS, Change, Drop, Row
from broker.core.rows.history import KEPT, LEFT_OUT, as_kept
from broker.core.rows.retention import DROPPED

R = TypeVar("R", bound=Row)
MAX_ROW_BYTES = 8 * 1024 * 1024
"""A ticket's row holds the visas that it was given for: all that one request may carry must fit (ruling 17)."""
Verb = Literal["insert", "update", "drop"]
_BY_NAME: Mapping[str, type[Row]] = {kind.KIND: kind for kind in KINDS}


def receipt_bytes(id: str) -> bytes:
    """The 16 bytes that a receipt id (`core.ids.is_made_id`) stands for, by which its entry is found."""
    return bytes.fromhex(id[4:].replace("-", ""))


def receipt_text(raw: bytes) -> str:
    """The receipt id that stands for `raw`."""
    text = raw.hex()
    return f"rcp_{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class RowTooLargeError(ValueError):
    """A row above 8 MiB. Nothing may be done that it would have recorded."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A row ready to be written: the columns of its table, and what the log will say of it.

    Of one that is dropped: its id, and the version after its last.
    """

    row: Row
    columns: tuple[str | int | None, ...]
    effect: Effect
    kept: str | None = None
    """The row as history has it; None: of its kind no history is kept."""
    as_kept: Effect | None = None
    """What the log says of that, where it is not the row itself."""

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All that the log says of it."""
        return (self.effect,) if self.as_kept is None else (self.effect, self.as_kept)

    @property
    def verb(self) -> Verb:
        """What is done in its table."""
        if self.effect.digest == GONE:
            return "drop"
        return "insert" if self.effect.version == 1 else "update"


def store(change: Change) -> Stored:
    """ValueError for a kind that has no table, or is not dropped, an impossible version, a row of more than 8 MiB."""
    row = change.row
    if _BY_NAME.get(row.KIND) is not type(row):
        raise ValueError(f"{type(row).__name__} is not a kind of row")
    if row.version < 1:
        raise ValueError("versions count from 1")
    if isinstance(change, Drop):
        if type(row) not in DROPPED:
            raise ValueError(f"a {row.KIND} is kept")
        after = row.version + 1
        return Stored(row, (row.id, after), Effect(kind=row.KIND, id=row.id, version=after, digest=GONE))
    body = canonical(row) if change.encoded is None else change.encoded
    if len(body) > MAX_ROW_BYTES:
        raise RowTooLargeError(f"a row of {len(body)} bytes; at most {MAX_ROW_BYTES} fit")
    columns = (row.id, row.version, body.decode(), *(plain(getattr(row, name)) for name in INDEXED.get(row.KIND, ())))
    effect = _effect(row.KIND, row, body)
    if type(row) not in HISTORY_KINDS:
        return Stored(row, columns, effect)
    if type(row) not in LEFT_OUT:
        return Stored(row, columns, effect, body.decode())
    kept = canonical(as_kept(row))
    return Stored(row, columns, effect, kept.decode(), _effect(row.KIND + KEPT, row, kept))


def _effect(kind: str, row: Row, body: bytes) -> Effect:
    return Effect(kind=kind, id=row.id, version=row.version, digest=hashlib.sha256(body).hexdigest())


def indexed(kind: str, members: Mapping[str, Any]) -> dict[str, str | None]:
    """What stands in the columns by which rows of `kind` are found."""
    return {member: members.get(member) for member in INDEXED.get(kind, ())}


def restore(kind: type[R], body: str) -> R:
    """The row that `store` stored. pydantic's ValidationError (a ValueError) for anything else."""
    row: R = _validator(kind).validate_json(body, strict=True)
    return row


def restore_named(kind: str, body: str) -> Row:
    """The same for the name of a kind. KeyError if there is none of that name."""
    return restore(_BY_NAME[kind], body)


@cache
def _validator(kind: type[Any]) -> SchemaValidator:
    """Builds the dataclass, every member type-checked, none unknown; an unset one was left out and is None again."""
    return SchemaValidator(_exact(TypeAdapter(kind).core_schema))


def _exact(schema: Any) -> Any:
    """`schema`, with None as default of every member that may be None and has no default, and nothing added."""
    if isinstance(schema, list):
        return [_exact(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: _exact(member) for name, member in schema.items()}
    if copy.get("type") == "dataclass-field" and copy["schema"]["type"] == "nullable":
        copy["schema"] = {"type": "default", "schema": copy["schema"], "default": None}
    if copy.get("type") == "dataclass":
        copy["schema"] = {**copy["schema"], "extra_behavior": "forbid"}
    return copy
