"""Something that went wrong with data, and what was done about it step by step."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.access.incidents import Breach, IncidentCommand, IncidentStage
from broker.core.ids import DatasetId, GrantId, PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that somebody took, and what they wrote: what is looked into, what was found, who was told, …"""

    command: IncidentCommand
    person: PersonId
    text: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One of them. `stage` changes only by core/access/incidents.py. `frozen`: grants that were suspended for it."""

    KIND: ClassVar[str] = "incident"
    id: str
    version: int = 1
    dataset: DatasetId
    reporter: PersonId
    text: str
    noticed: Seconds
    """When it was noticed, as whoever reports it says."""
    reported: Seconds
    stage: IncidentStage = IncidentStage.REPORTED
    frozen: tuple[GrantId, ...] = ()
    taken: tuple[Taken, ...] = ()
    breach: Breach = "other"
    """As whoever reports it says."""

    def said(self, command: IncidentCommand) -> str:
        """What was written at the last such step; empty: there was none."""
        return next((one.text for one in reversed(self.taken) if one.command is command), "")
