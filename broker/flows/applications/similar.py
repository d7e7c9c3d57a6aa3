"""How were requests for the same data answered before, and in what does this one differ? (EXPLAIN section 3)

For the committee alone, and without saying who asked. What was answered before binds nobody: consistency is theirs.
"""

from dataclasses import dataclass
from typing import Literal

from broker.core.access.states import State
from broker.core.ids import made_at
from broker.core.purpose import Purpose
from broker.core.rows import Request
from broker.core.snapshot import Snapshot

MOST = 3
Aspect = Literal[
    "kinds", "diseases", "modality", "commercial", "organisation", "countries", "ai_use", "linkage", "recontact"
]
_ASPECTS: tuple[Aspect, ...] = (
    "kinds", "diseases", "modality", "commercial", "organisation", "countries", "ai_use", "linkage", "recontact",
)  # fmt: skip
_ANSWERED = frozenset({State.APPROVED, State.REJECTED, State.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """One earlier answer. `differs`: in which of its answers the request at hand is another."""

    approved: bool
    at: int | None
    ground: str
    differs: tuple[Aspect, ...]


def similar(row: Request, snapshot: Snapshot) -> tuple[Similar, ...]:
    """The earlier answers that are most alike, of the alike the newest first; `MOST` of them."""
    found = [
        (_differs(row.purpose, other.purpose), other)
        for other in snapshot.requests_for(row.dataset)
        if other.state in _ANSWERED and other.id != row.id and (row.review is None or other.review != row.review)
    ]
    told = [
        Similar(
            approved=other.state is not State.REJECTED,
            at=made_at(other.decision) if other.decision is not None else None,
            ground=other.ground,
            differs=differs,
        )
        for differs, other in found
    ]
    return tuple(sorted(told, key=lambda one: (len(one.differs), -(one.at or 0)))[:MOST])


def _differs(this: Purpose, other: Purpose) -> tuple[Aspect, ...]:
    return tuple(name for name in _ASPECTS if getattr(this, name) != getattr(other, name))
