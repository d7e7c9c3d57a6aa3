"""Which safeguards must a dataset have, and which are missing? (WHO 2024, 3.1-6 and the rows of registration.)

One table says what everybody needs; what a breadth score adds is below it. A missing safeguard holds new grants; it
does not cut those that run: their holders relied on what the custodian said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from broker.core.breadth import Breadth
from broker.core.purpose import Modality
from broker.core.rows import Committee, Dataset
from broker.core.rows.safeguards import DutyClass, Safeguards
from broker.core.time import Seconds, day_of

ENGAGEMENT_YEARS = 5
"""How old the last engagement may be where a consent is broad."""

EMBARGO_MONTHS = 12
"""The longest embargo that needs no reason."""

CLASSES: tuple[DutyClass, ...] = ("respect", "protect", "fulfil", "account")

REQUIRED = (
    ("responsible", "who is responsible: a role and a contact"),
    ("governance", "the address where people read who decides and how"),
    ("custodian", "the named custodian"),
    ("return_of_results", "the policy on the return of results: approval, date, version"),
    ("benefit_sharing", "the statement on the sharing of benefits"),
    ("sustainability", "who pays, until when, and what then"),
    ("raci", "who is responsible, accountable, consulted and informed"),
)
"""What every dataset needs, as member of its safeguards and in words."""

PUBLIC_NOTICE, COMMITTEE_VOTE, SHORTER_GRANTS, SECURE_ROOM_FIRST = 6, 7, 8, 9
"""From which breadth score on: a public notice, a committee's vote, grants of at most SHORT_MONTHS, no new copies."""

SHORT_MONTHS = 6

ROOM_FIRST = (Modality.DOWNLOAD, Modality.STREAM)
"""Ways of access that a new grant for very broad and old consents does not have."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A safeguard that is not there: the member of the registration, and what belongs there in words."""

    member: str
    what: str


def unrecorded(dataset: Dataset) -> Iterator[Missing]:
    """What a registration must say and this one does not, whatever the consents are."""
    said = dataset.safeguards
    for member, what in REQUIRED:
        if not getattr(said, member):
            yield Missing(f"safeguards.{member}", what)
    if dataset.access != "open" and not dataset.certificate.ethics_ref:
        yield Missing("certificate.ethics_ref", "the reference of the approval that the consent certificate rests on")
    if said.embargo is not None and _too_long(said) and not said.embargo.reason.strip():
        yield Missing("safeguards.embargo.reason", f"why it is longer than {EMBARGO_MONTHS} months")


def missing(dataset: Dataset, found: Breadth, at: Seconds) -> tuple[Missing, ...]:
    """What holds new grants at `at`: what was never recorded, and what the breadth of the consents asks for."""
    return (*unrecorded(dataset), *_for_breadth(dataset, found, at))


def _for_breadth(dataset: Dataset, found: Breadth, at: Seconds) -> Iterator[Missing]:
    said = dataset.safeguards
    if found.broad and not engaged(said, day_of(at)):
        what = f"an engagement with the people of origin of the last {ENGAGEMENT_YEARS} years: a consent is broad"
        yield Missing("safeguards.engagements", what)
    if found.score >= COMMITTEE_VOTE and dataset.access == "registered":
        yield Missing("access", "controlled: consents this broad need a committee's vote for every grant")
    if found.score >= PUBLIC_NOTICE and said.public_notice is None:
        yield Missing("safeguards.public_notice", "where the public was told: the consents are broad or old")


def engaged(said: Safeguards, today: date) -> bool:
    """Is there an engagement that is not too old? One that lies in the future has not been."""
    return any(one.on <= today < _years_later(one.on, ENGAGEMENT_YEARS) for one in said.engagements)


def engagement_ends(said: Safeguards) -> date | None:
    """The day from which the last engagement is too old; None: there was none."""
    return max((_years_later(one.on, ENGAGEMENT_YEARS) for one in said.engagements), default=None)


def stigma_overdue(said: Safeguards, today: date) -> bool:
    """Is the policy against stigma and discrimination past the day by which it was to be looked at again?"""
    return said.stigma_policy is not None and today >= said.stigma_policy.review_on


def _years_later(day: date, years: int) -> date:
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, month=3, day=1)


def _too_long(said: Safeguards) -> bool:
    embargo = said.embargo
    if embargo is None:
        return False
    months = (embargo.until.year - embargo.declared.year) * 12 + embargo.until.month - embargo.declared.month
    return (months, embargo.until.day) > (EMBARGO_MONTHS, embargo.declared.day)


def longest_grant(found: Breadth) -> int | None:
    """The longest new grant in months that this breadth allows; None: it does not say."""
    return SHORT_MONTHS if found.score >= SHORTER_GRANTS else None


def classes_without_duty(said: Safeguards) -> tuple[DutyClass, ...]:
    """The classes of duty for which the custodian registered none: no grant crosses a border then (HR3)."""
    there = {duty.cls for duty in said.duties}
    return tuple(one for one in CLASSES if one not in there)


def warnings(dataset: Dataset, committee: Committee | None) -> Iterator[str]:
    """What an operator should know and may yet register."""
    if committee is not None and committee.voters and set(committee.voters) <= {dataset.producer}:
        yield f"committee {committee.id}: its only voter is the producer of the data, {dataset.producer}"
    lacking = classes_without_duty(dataset.safeguards)
    if lacking:
        yield f"dataset {dataset.id}: no duty of class {', '.join(lacking)}, so no grant for it crosses a border"
