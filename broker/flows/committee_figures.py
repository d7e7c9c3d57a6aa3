"""How does a committee do? What waits, what is late, how it answered in the last year: for its own people."""

from dataclasses import dataclass

from broker.core.access.clock import Clock
from broker.core.access.states import State
from broker.core.ids import made_at
from broker.core.rows import Committee, Request
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.applications.desk import requests
from broker.flows.grants.desk import seats
from broker.flows.world import Caller

_DAY = 86_400
_YEAR = 365 * _DAY
_ANSWERED = frozenset({State.APPROVED, State.REJECTED, State.REVOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """The figures of one committee. `median`: days from the request to its answer; None: none was answered."""

    committee: str
    waiting: int
    late: int
    answered: int
    approved: int
    median: int | None


def ours(caller: Caller, snapshot: Snapshot, now: Seconds) -> tuple[Ours, ...]:
    """Of each committee in which the caller sits, or whose desk they keep."""
    rows = [row for id in seats(caller, snapshot) if (row := snapshot.get(Committee, id)) is not None]
    return tuple(_of(row, snapshot, now) for row in rows)


def _of(committee: Committee, snapshot: Snapshot, now: Seconds) -> Ours:
    waiting = late = approved = 0
    days: list[int] = []
    for review in snapshot.desk(committee.id):
        clock: Clock = review.clock
        for request in requests(review, snapshot):
            if request.state is State.SUBMITTED:
                waiting += 1
                late += clock.late(review.stage, committee.answer_days, now)
            elif (at := _answered(request)) is not None and now - _YEAR <= at <= now:
                approved += request.state is not State.REJECTED
                days.append((at - request.created) // _DAY)
    middle = sorted(days)[(len(days) - 1) // 2] if days else None
    return Ours(
        committee=committee.name, waiting=waiting, late=late, answered=len(days), approved=approved, median=middle
    )


def _answered(request: Request) -> int | None:
    return made_at(request.decision) if request.state in _ANSWERED and request.decision is not None else None
