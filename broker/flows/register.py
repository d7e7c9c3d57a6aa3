"""Which projects use which data? The public register: what was approved, by whom no reader is told (WHO 2024, 3.7-3).

Read only. Nobody's name, id or pseudonym is in it, and nothing of hidden datasets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from broker.core.access.grants import USED, GrantStage
from broker.core.grants import begun, stage
from broker.core.ids import DatasetId
from broker.core.purpose import Modality
from broker.core.rows import Application, Dataset, Grant, Request, Review
from broker.core.rows.reports import Publication, latest
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

_DAY = 86_400
YEARS = 10
"""So long after its beginning a project is in the register: the longest grant there is."""
MOST = 50
"""Entries that are shown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One approved use of one dataset. `lay`: the summary for everybody; empty where nobody asked for one."""

    title: str
    lay: str
    dataset: DatasetId
    institutions: tuple[tuple[str, str], ...]
    """Name and country, as the registry of institutions has them; the country is empty where it is not known."""
    kinds: tuple[str, ...]
    modality: Modality
    begins: Seconds
    ends: Seconds
    running: bool
    publications: tuple[Publication, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: a day, counted from 1970, and how many entries of it were shown."""

    day: int
    skip: int = 0


def register(snapshot: Snapshot, now: Seconds, place: Place | None = None) -> tuple[tuple[Project, ...], Place | None]:
    """A page of the register, what began last first; and where the next page begins, if there is one."""
    today = now // _DAY
    here = place or Place(today)
    found: list[Project] = []
    for day in range(min(here.day, today), today - YEARS * 366, -1):
        rows = list(_of_day(snapshot, day, now))
        skip = here.skip if day == here.day else 0
        fits = rows[skip : skip + MOST - len(found)]
        found += [of_grant(grant, snapshot, now) for grant in fits]
        if len(found) == MOST:
            return tuple(found), Place(day, skip + len(fits))
    return tuple(found), None


def _of_day(snapshot: Snapshot, day: int, now: Seconds) -> Iterator[Grant]:
    for grant in begun(snapshot, day):
        dataset = snapshot.get(Dataset, grant.dataset)
        if grant.begins <= now and dataset is not None and dataset.existence == "listed":
            yield grant


def of_grant(grant: Grant, snapshot: Snapshot, now: Seconds) -> Project:
    """The project behind a grant, as everybody may know it if they may know the data: as it was approved."""
    request = snapshot.get(Request, grant.request)
    review = snapshot.get(Review, request.review) if request is not None and request.review is not None else None
    application = snapshot.get(Application, review.application) if review is not None else None
    paper = application.papers[request.turn - 1] if application is not None and request is not None else None
    homes = snapshot.organisations(one.partition("@")[2] for one in grant.affiliations)
    countries = [home.facts.get("recipient.country") for home in homes]
    return Project(
        title=paper.title if paper is not None else "",
        lay=paper.lay if paper is not None else request.lay if request is not None else "",
        dataset=grant.dataset,
        institutions=tuple(
            (home.name, place if isinstance(place, str) else "") for home, place in zip(homes, countries, strict=True)
        ),
        kinds=tuple(sorted(grant.purpose.kinds or ())),
        modality=grant.purpose.modality,
        begins=grant.begins,
        ends=grant.ends,
        running=stage(grant, snapshot, now) in USED | {GrantStage.SUSPENDED},
        publications=latest(snapshot.reports(grant.id)),
    )
