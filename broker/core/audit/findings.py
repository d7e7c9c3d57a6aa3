"""What can be wrong with a log and the rows that it accounts for: a closed list, and one finding."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What somebody did to the database, as far as can be told from what they left."""

    ENTRY_CHANGED = "entry_changed"
    """Another entry stands where this one was hashed."""
    ENTRY_DELETED = "entry_deleted"
    ENTRY_INSERTED = "entry_inserted"
    """An entry that was never hashed into the tree."""
    ENTRY_MOVED = "entry_moved"
    ENTRY_REPEATED = "entry_repeated"
    ENTRY_MISLABELLED = "entry_mislabelled"
    """The columns beside an entry (number, id, time, kind) do not say what it says."""
    HISTORY_REWRITTEN = "history_rewritten"
    """Entries and their hashes were changed together; no signed checkpoint covers the result."""
    LOG_TRUNCATED = "log_truncated"
    """Fewer entries than a signed checkpoint counts."""
    LOG_FORKED = "log_forked"
    """A checkpoint that somebody kept is not on this log's way."""
    LOG_PARTED = "log_parted"
    """A log does not go on from the one before it."""
    NOT_COVERED = "not_covered"
    """Entries after the last signed checkpoint."""
    TILE_CHANGED = "tile_changed"
    CHECKPOINT_FALSE = "checkpoint_false"
    """A checkpoint that no known key signed, or that says something else than its row."""
    EFFECT_CHANGED = "effect_changed"
    """The list of what an entry changed is not the one that the entry commits to."""
    ROW_CHANGED = "row_changed"
    ROW_DELETED = "row_deleted"
    ROW_INSERTED = "row_inserted"
    """A row that no entry accounts for."""
    SCHEMA_CHANGED = "schema_changed"
    """A trigger, a view or a missing table: what is read may not be what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. `seq`, `receipt`, `kind`: the entry that is meant, as far as it can be named."""

    fault: Fault
    said: str
    """In words, for the operator."""
    seq: int | None = None
    receipt: str | None = None
    kind: str | None = None
    row: tuple[str, str] | None = None
    """(kind, id) of the row that is meant."""

    def __str__(self) -> str:
        named = [
            f"entry {self.seq}" if self.seq is not None else "",
            f"receipt {self.receipt}" if self.receipt else "",
            self.kind or "",
            f"row {self.row[0]} {self.row[1]}" if self.row else "",
        ]
        return f"{self.fault}: {self.said} ({', '.join(filter(None, named))})"
