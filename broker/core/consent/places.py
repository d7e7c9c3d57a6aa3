"""Is the way and the place of use on the lists that a person, or the institution, set? (rule R12)

Lists are literal: a milder way that a person did not list is not allowed. A country that nobody knows is not
on any list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from broker.core.consent.model import DatasetCertificate, Scope
from broker.core.consent.question import ConsentQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRule:
    """One allow-list: what refuses, which member of the question it reads, and where the list is found."""

    code: str
    member: str
    allowed: Callable[[Scope | DatasetCertificate], frozenset[str] | None]
    asked: Callable[[ConsentQuestion], str | None]


LISTS = (
    ListRule(
        code="CON-HOSTING",
        member="processing_country",
        allowed=lambda holder: holder.hosting,
        asked=lambda question: question.processing_country,
    ),
    ListRule(
        code="CON-MODALITY",
        member="modality",
        allowed=lambda holder: holder.modalities,
        asked=lambda question: question.purpose.modality,
    ),
    ListRule(
        code="CON-REGION",
        member="recipient_country",
        allowed=lambda holder: holder.recipient_countries,
        asked=lambda question: question.recipient_country,
    ),
)


def off_list(holder: Scope | DatasetCertificate, question: ConsentQuestion) -> Iterator[tuple[ListRule, bool]]:
    """Each list of `holder` that the question is not on; true with it where the question does not say."""
    if holder.hosting is None and holder.modalities is None and holder.recipient_countries is None:
        return
    for rule in LISTS:
        allowed, asked = rule.allowed(holder), rule.asked(question)
        if allowed is not None and asked not in allowed:
            yield rule, asked is None
