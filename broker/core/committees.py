"""Would a change of seats leave an application with nobody who can answer it? (dac-workflow I8) Who may know of them?

Seats are counted by identity: whoever sits there under two of them is counted twice, as nobody may be shown to be one.
"""

from collections.abc import Iterable

from broker.core.access.life import Stage
from broker.core.rows import Committee, Role, Row
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

_CHAIR = "committee_chair"
_OVER = frozenset({Stage.DECIDED, Stage.WITHDRAWN})


def known(committee: str, snapshot: Snapshot) -> bool:
    """Does it decide about data that everybody may know of? Else nobody need know of it either."""
    return bool(snapshot.index.get(("decides", committee)))


def orphaned(declared: Iterable[Row], before: Snapshot, after: Snapshot, at: Seconds) -> tuple[str, ...]:
    """Why `declared` cannot be put in place: the committees before which something waits, and which could answer until
    now and could not any more. `after`: the picture as it would be.
    """
    rows = [row for row in declared if isinstance(row, Role | Committee)]
    named = {row.id for row in rows if isinstance(row, Committee)}
    named |= {row.scope.removeprefix("committee:") for row in rows if isinstance(row, Role)}
    everybody = "service" in named
    return tuple(
        f"committee {one.id}: an application waits for it, and nobody would be left who can answer: "
        f"it needs {'a chair, and ' if one.quorum > 1 else ''}{one.quorum} with a vote"
        for one in after.all(Committee)
        if (everybody or one.id in named) and _waits(one, after)
        if not _answers(one, after, at) and _answers(before.get(Committee, one.id) or one, before, at)
    )


def _waits(committee: Committee, snapshot: Snapshot) -> bool:
    return any(row.stage not in _OVER for row in snapshot.desk(committee.id))


def _answers(committee: Committee, snapshot: Snapshot, at: Seconds) -> bool:
    """Are there as many as it takes?"""
    held = [*snapshot.seats(f"committee:{committee.id}", at), *snapshot.seats("service", at)]
    voters = {(row.iss, row.sub) for row in held}
    if committee.quorum <= 1:
        return bool(voters)
    return len(voters) >= committee.quorum and any(row.role == _CHAIR for row in held)
