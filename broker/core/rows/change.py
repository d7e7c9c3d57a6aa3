"""The two changes: put this row in place of the version before it, and drop one that is kept no longer."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from broker.core.plain import canonical


@runtime_checkable
class Row(Protocol):
    """What every stored row has. `KIND` names its table; `version` counts from 1."""

    KIND: ClassVar[str]

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Put:
    """Store `row`, provided the stored version is exactly one lower (version 1: provided there is none).

    The precondition makes a change that lost a race fail whole, whatever else the record holds.
    """

    row: Row
    encoded: bytes | None = field(default=None, compare=False, repr=False)
    """`canonical(row)`, where whoever made the row has it already."""

    @property
    def digest(self) -> str:
        """SHA-256 of the row's canonical bytes, as the log says it."""
        return hashlib.sha256(canonical(self.row) if self.encoded is None else self.encoded).hexdigest()


@dataclass(frozen=True, slots=True)
class Drop:
    """Keep `row` no longer, provided the stored version is exactly this one. Its id never comes back.

    For the kinds of `retention.py` that are dropped, and no others: no decision reads them.
    """

    row: Row


Change = Put | Drop

R = TypeVar("R", bound=Row)


def changed(row: R, **members: object) -> R:
    """The next version of `row`, with `members` replaced."""
    return replace(row, version=row.version + 1, **members)  # type: ignore[type-var]
