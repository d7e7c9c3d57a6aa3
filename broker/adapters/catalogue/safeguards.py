"""The form of what a custodian puts on record with a dataset, and how it becomes rows (core/rows/safeguards.py).

Every member may be left out of the form, so that one message names everything that is missing; what must be there,
core/safeguards.py says.
"""

from datetime import date as _date
from typing import Annotated, Literal

from pydantic import Field

from broker.adapters.catalogue.form import Part, Slug, Text, Url
from broker.core.rows.safeguards import (
    ApprovedPolicy,
    Duty,
    Embargo,
    Engagement,
    Notice,
    Raci,
    Responsible,
    Safeguards,
    StigmaPolicy,
    Sustainability,
)

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ResponsiblePart(Part):
    role: Text
    contact: Text


class EngagementPart(Part):
    """Recorded: on that day, who engaged with the people of origin, and what came of it."""

    date: Day
    who: Text
    summary: Text


class ApprovedPolicyPart(Part):
    approval: Text
    """Reference of the approval."""
    date: Day
    version: Text


class StigmaPolicyPart(Part):
    """What is agreed against stigma and discrimination, with whom, and the day by which it is looked at again."""

    co_authors: Annotated[list[Text], Field(min_length=1, max_length=50)]
    date: Day
    review: Day
    url: Url | Literal[""] = ""


class SustainabilityPart(Part):
    funder: Text
    until: Day
    then: Text
    """What happens to the data after that."""


class RaciPart(Part):
    responsible: Text
    accountable: Text
    consulted: Text
    informed: Text


class NoticePart(Part):
    url: Url
    date: Day


class EmbargoPart(Part):
    """No new grant before `until`. Longer than twelve months only with a reason."""

    declared: Day
    until: Day
    reason: str = ""


class DutyPart(Part):
    """A duty that is bound to grants for these data."""

    id: Slug
    class_: Literal["respect", "protect", "fulfil", "account"] = Field(alias="class")
    text: Text
    """The id of its wording in the terms."""
    holder: Text
    flows_down: bool = True
    """Does it bind whoever gets the data from the holder?"""
    due_months: Annotated[int, Field(ge=1, le=120)] | None = None
    """Left out: it holds all along. Due within the grant, it comes again after as many months."""
    counted_from: Literal["begin", "end"] = "begin"
    evidence: str = ""
    """What shows that it was done."""
    late: Literal["stop", "no_renewal"] = "no_renewal"
    """What follows when it is overdue: nothing is used any more, or nothing new is granted."""
    for_: Literal["abroad", "every"] = Field(default="abroad", alias="for")
    """For grants across a border, or for every grant."""


class SafeguardsPart(Part):
    """Who is responsible, who was asked, what is promised. It is shown as recorded, never as fulfilled."""

    responsible: ResponsiblePart | None = None
    governance: Url | None = None
    """Where people read who decides and how."""
    custodian: Text | None = None
    engagements: list[EngagementPart] = []
    return_of_results: ApprovedPolicyPart | None = None
    benefit_sharing: Text | None = None
    sustainability: SustainabilityPart | None = None
    raci: RaciPart | None = None
    public_notice: NoticePart | None = None
    embargo: EmbargoPart | None = None
    duties: list[DutyPart] = []
    stigma_policy: StigmaPolicyPart | None = None


def safeguards(part: SafeguardsPart) -> Safeguards:
    """The safeguards that a part declares. ValueError for a day that is none."""
    return Safeguards(
        responsible=Responsible(**part.responsible.model_dump()) if part.responsible else None,
        governance=part.governance,
        custodian=part.custodian,
        engagements=tuple(
            Engagement(on=_day("engagements.date", one.date), who=one.who, summary=one.summary)
            for one in part.engagements
        ),
        return_of_results=_policy(part.return_of_results),
        benefit_sharing=part.benefit_sharing,
        sustainability=_sustainability(part.sustainability),
        raci=Raci(**part.raci.model_dump()) if part.raci else None,
        public_notice=_notice(part.public_notice),
        embargo=_embargo(part.embargo),
        duties=tuple(map(_duty, part.duties)),
        stigma_policy=_stigma(part.stigma_policy),
    )


def _policy(part: ApprovedPolicyPart | None) -> ApprovedPolicy | None:
    if part is None:
        return None
    return ApprovedPolicy(approval=part.approval, on=_day("return_of_results.date", part.date), version=part.version)


def _stigma(part: StigmaPolicyPart | None) -> StigmaPolicy | None:
    if part is None:
        return None
    on, review = _day("stigma_policy.date", part.date), _day("stigma_policy.review", part.review)
    if review <= on:
        raise ValueError("safeguards.stigma_policy.review: not after its date")
    return StigmaPolicy(co_authors=tuple(part.co_authors), on=on, review_on=review, url=part.url)


def _sustainability(part: SustainabilityPart | None) -> Sustainability | None:
    if part is None:
        return None
    return Sustainability(funder=part.funder, until=_day("sustainability.until", part.until), then=part.then)


def _notice(part: NoticePart | None) -> Notice | None:
    return Notice(url=part.url, on=_day("public_notice.date", part.date)) if part is not None else None


def _embargo(part: EmbargoPart | None) -> Embargo | None:
    if part is None:
        return None
    declared, until = _day("embargo.declared", part.declared), _day("embargo.until", part.until)
    if until <= declared:
        raise ValueError("safeguards.embargo.until: not after it was declared")
    return Embargo(declared=declared, until=until, reason=part.reason)


def _duty(part: DutyPart) -> Duty:
    return Duty(
        id=part.id,
        cls=part.class_,
        text=part.text,
        holder=part.holder,
        flows_down=part.flows_down,
        months=part.due_months,
        after_end=part.counted_from == "end",
        evidence=part.evidence,
        late=part.late,
        every=part.for_ == "every",
    )


def _day(member: str, text: str) -> _date:
    try:
        return _date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"safeguards.{member}: {text} is no day") from None
