"""What the holder of a grant reports: to renew it, or when they close it. Apart from the grant: decisions read that."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import DatasetId, DecisionId, GrantId, PersonId
from broker.core.time import Seconds

ReportKind = Literal["renewal", "closing"]
Answer = Literal["extended", "declined", "withdrawn"]
"""A renewal is withdrawn when its holder closes the grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the holder wrote. `publications`: references; none is an answer too, and must be given."""

    summary: str
    publications: tuple[str, ...] = ()
    incidents: str = ""
    changes: str = ""
    """In people, place or plan."""
    destroyed: str = ""
    """Of a closing: the attestation, which copies were destroyed and how."""
    kept: str = ""
    """Of a closing: what is left, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. A renewal waits until the committee answers it; a closing needs no answer."""

    KIND: ClassVar[str] = "report"
    id: str
    version: int = 1
    grant: GrantId
    person: PersonId
    dataset: DatasetId
    committee: str
    kind: ReportKind
    told: Told
    at: Seconds
    months: int | None = None
    """Of a renewal: for how long it is asked."""
    affiliations: tuple[str, ...] = ()
    location: str | None = None
    answer: Answer | None = None
    answered_by: PersonId | None = None
    answered_at: Seconds | None = None
    ground: str = ""
    decision: DecisionId | None = None
    """What the gates said to the committee's yes."""

    @property
    def waits(self) -> bool:
        """Does the committee owe an answer?"""
        return self.kind == "renewal" and self.answer is None
