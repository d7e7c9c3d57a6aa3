"""What a custodian puts on record before data are opened (WHO 2024, 3.1 to 3.8): who is responsible, who was asked,
what is promised. Software keeps that somebody recorded it, and when; whether it was well done, people judge.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

DutyClass = Literal["respect", "protect", "fulfil", "account"]
"""The four kinds of duty that travel with data across a border (HUMAN_RIGHTS section 3)."""
Late = Literal["stop", "no_renewal"]
"""What follows when a duty is overdue: nothing is used until it is done, or nothing new is granted until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who answers for the protection of the data: a role and how to reach it, never a person's name alone."""

    role: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """Recorded: on `on`, `who` engaged with the people of origin, and what came of it."""

    on: date
    who: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPolicy:
    """A policy that a body approved: `approval` is its reference."""

    approval: str
    on: date
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StigmaPolicy:
    """What is agreed against stigma and discrimination, made in advance with those whom the data tell of.

    `co_authors`: the communities with whom it was written. From `review_on` on it is out of date until reviewed.
    """

    co_authors: tuple[str, ...]
    on: date
    review_on: date
    url: str = ""
    """Where it can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustainability:
    """Who pays for the data, until when, and what happens to them then."""

    funder: str
    until: date
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raci:
    """Who is responsible for the work, accountable for it, consulted and informed, as roles."""

    responsible: str
    accountable: str
    consulted: str
    informed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Where the public was told that these data may be used, and since when."""

    url: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """No new grant before `until`. `declared`: when it began. Longer than the maximum only with a `reason`."""

    declared: date
    until: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerTerms:
    """Terms of use that others took the place of. Who accepted them may go on until `until`, and no longer."""

    url: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A duty that the custodian binds to grants: to those across a border, or (`every`) to all.

    `months`: when it is due, counted from the grant's begin or, `after_end`, from its end; None: it holds all along.
    `text`: the id of its wording in the terms. `flows_down`: it binds whoever gets the data from the holder too.
    """

    id: str
    cls: DutyClass
    text: str
    holder: str
    flows_down: bool = True
    months: int | None = None
    after_end: bool = False
    evidence: str = ""
    """What shows that it was done."""
    late: Late = "no_renewal"
    every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguards:
    """Everything of one dataset. What is None was not recorded, and nobody takes it for done."""

    responsible: Responsible | None = None
    governance: str | None = None
    """Where people can read who decides and how."""
    custodian: str | None = None
    """The named custodian, as a role or an office."""
    engagements: tuple[Engagement, ...] = ()
    return_of_results: ApprovedPolicy | None = None
    benefit_sharing: str | None = None
    sustainability: Sustainability | None = None
    raci: Raci | None = None
    public_notice: Notice | None = None
    embargo: Embargo | None = None
    duties: tuple[Duty, ...] = ()
    stigma_policy: StigmaPolicy | None = None
