"""What the holder of a grant reports: what came of it, to renew it, or when they close it. Decisions read the grant."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from broker.core.ids import DatasetId, DecisionId, GrantId, PersonId
from broker.core.time import Seconds

ReportKind = Literal["renewal", "closing", "publication"]
Answer = Literal["extended", "declined", "withdrawn"]
"""A renewal is withdrawn when its holder closes the grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What came of a use. `attribution`: the words by which it names the data."""

    doi: str
    title: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the holder wrote. `publications`: references in reports of before each was entered with its DOI."""

    summary: str
    publications: tuple[str, ...] = ()
    incidents: str = ""
    changes: str = ""
    """In people, place or plan."""
    destroyed: str = ""
    """Of a closing: the attestation, which copies were destroyed and how."""
    kept: str = ""
    """Of a closing: what is left, and why."""
    entered: tuple[Publication, ...] = ()
    none_yet: str = ""
    """Why nothing is published yet, as the holder signed it."""
    taken_back: tuple[str, ...] = ()
    """DOIs that were entered for this grant by mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. A renewal waits until the committee answers it; the others need no answer."""

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


def latest(reports: Iterable[Report]) -> tuple[Publication, ...]:
    """All that these reports name and did not take back; of one that was entered again for the same grant, as it was
    entered last. What another grant's holder entered takes nobody's place: where their words differ, both are told.
    """
    found = dict[tuple[GrantId, str], Publication]()
    for report in reports:
        found |= {(report.grant, one.doi or one.title): one for one in publications(report.told)}
        for doi in report.told.taken_back:
            found.pop((report.grant, doi), None)
    return tuple(dict.fromkeys(found.values()))


def publications(told: Told) -> tuple[Publication, ...]:
    """All that a report names; of one of before, each reference as it was written."""
    before = tuple(Publication(doi="", title=line, attribution="") for line in told.publications)
    return (*before, *told.entered)
