"""Who is told that a finding about a participant needs a look? Part of the table of notices.py.

Never the participant, and never who reported it: what becomes of it would say what the participant chose.
"""

from collections.abc import Iterator

from broker.core.grants import fellows
from broker.core.happened import Happened, Told, role_box
from broker.core.ids import PersonId
from broker.core.rows import Dataset, Grant, ResultReport


def steward(h: Happened) -> Iterator[Told]:
    """Who keeps the data that a finding is about; not who reported it, or works with whoever did."""
    for row in h.of(ResultReport):
        but = _near(h, row)
        yield Told(to=role_box("custodian", f"dataset:{row.dataset}"), about=row.id, but=but)


def ethics(h: Happened) -> Iterator[Told]:
    """The ethics committee of the data, or of all; nobody besides hears that it was asked."""
    for row in h.of(ResultReport):
        dataset = h.get(Dataset, row.dataset)
        scopes = ["service", f"dataset:{row.dataset}"]
        scopes += [f"committee:{dataset.committee}"] if dataset is not None else []
        yield from (Told(to=role_box("ethics_committee", one), about=row.id, but=_near(h, row)) for one in scopes)


def _near(h: Happened, row: ResultReport) -> tuple[PersonId, ...]:
    grant = h.get(Grant, row.grant)
    return tuple(sorted({row.reporter, *({grant.person, *fellows(grant, h.before)} if grant is not None else ())}))
