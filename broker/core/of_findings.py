"""Who is told that a finding about a participant needs a look? Part of the table of notices.py.

Never the participant, and never who reported it: what becomes of it would say what the participant chose.
"""

from collections.abc import Iterator

from broker.core.access.results import ResultStage
from broker.core.grants import fellows
from broker.core.happened import Happened, Told, role_box
from broker.core.rows import Dataset, Grant, ResultReport
from broker.core.snapshot import Snapshot


def steward(h: Happened) -> Iterator[Told]:
    """Who keeps the data that a finding is about."""
    for row in h.of(ResultReport):
        yield from _told("custodian", row, h.before)


def ethics(h: Happened) -> Iterator[Told]:
    """The ethics committee of the data, or of all; nobody besides hears that it was asked."""
    for row in h.of(ResultReport):
        yield from _told("ethics_committee", row, h.before)


def whose_turn(row: ResultReport, snapshot: Snapshot) -> Iterator[Told]:
    """For whom a finding waits."""
    if row.stage in (ResultStage.REPORTED, ResultStage.VALIDATED):
        yield from _told("custodian", row, snapshot)
    elif row.stage is ResultStage.AT_ETHICS:
        yield from _told("ethics_committee", row, snapshot)


def _told(role: str, row: ResultReport, snapshot: Snapshot) -> Iterator[Told]:
    """Not who reported it, nor who applied together with whoever did."""
    dataset, grant = snapshot.get(Dataset, row.dataset), snapshot.get(Grant, row.grant)
    near = {row.reporter, *({grant.person, *fellows(grant, snapshot)} if grant is not None else ())}
    scopes = ["service", f"dataset:{row.dataset}"]
    scopes += [f"committee:{dataset.committee}"] if dataset is not None else []
    yield from (Told(to=role_box(role, scope), about=row.id, but=tuple(sorted(near))) for scope in scopes)
