"""A finding about a participant, as a researcher reported it, and what became of it."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.access.results import ResultCommand, ResultStage
from broker.core.consent.returning import Actionable, Onset
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultStep:
    """A step that somebody took, and what they wrote."""

    command: ResultCommand
    person: PersonId
    text: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReport:
    """One of them. `stage` changes only by core/access/results.py. No entry of the log holds any of its words.

    `subject`: the participant as the data name them, in the words of who reported it; nobody looked whether there is
    one. `text`: gone once it is closed: what nobody is told, nobody needs to keep.
    """

    KIND: ClassVar[str] = "result_report"
    id: str
    version: int = 1
    reporter: PersonId
    grant: GrantId
    dataset: DatasetId
    subject: str
    text: str
    onset: Onset
    actionable: Actionable
    reported: Seconds
    stage: ResultStage = ResultStage.REPORTED
    retracted: Seconds | None = None
    checked_onset: Onset | None = None
    checked_actionable: Actionable | None = None
    """What the custodian says of it."""
    why: str = ""
    """Why it is closed, or with an ethics committee."""
    approval: str = ""
    """The reference under which an ethics committee let it go on, last."""
    allowed: frozenset[str] = frozenset()
    """To which `why` it said yes: to nothing else that may come up."""
    ended: Seconds | None = None
    taken: tuple[ResultStep, ...] = ()


def as_told(row: ResultReport) -> dict[str, object]:
    """All that who reported it is ever told of it: the same, whoever it is about and whatever becomes of it."""
    return {
        "id": row.id,
        "grant": row.grant,
        "dataset": row.dataset,
        "reported": row.reported,
        "retracted": row.retracted,
        "state": "received" if row.retracted is None else "retracted",
    }
