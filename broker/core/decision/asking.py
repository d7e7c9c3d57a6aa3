"""How is a question of ours put to consents and communities? Once for every country of processing that was stated."""

from collections.abc import Mapping

from broker.core.consent.question import ConsentQuestion, Settled
from broker.core.decision.question import Question
from broker.core.jurisdiction.facts import FactValue
from broker.core.purpose import Purpose
from broker.core.rows import DrsObject
from broker.core.time import Seconds, day_of

Readings = tuple[Mapping[str, FactValue], ...]


def text(value: object) -> str | None:
    """A fact that is a text, or None: unknown."""
    return value if isinstance(value, str) else None


def places(readings: Readings) -> tuple[str | None, ...]:
    """The countries of processing, one for each reading of the facts; None: not stated."""
    return tuple([text(facts.get("request.processing_country")) for facts in readings])


def consent_question(
    question: Question,
    purpose: Purpose,
    *,
    home: str | None,
    place: str | None,
    target: DrsObject | None,
    began: Seconds | None = None,
    settled: frozenset[Settled] = frozenset(),
    reviewed: frozenset[str] = frozenset(),
) -> ConsentQuestion:
    """The question for one country of processing. `home`: the recipient's country; `began`: the grant under which."""
    return ConsentQuestion(
        purpose=purpose,
        recipient_country=home,
        processing_country=place,
        at=question.at,
        known_at=question.known_at,
        data_generated_on=day_of(target.created) if target is not None else None,
        grant_began=began,
        settled=settled,
        reviewed=reviewed,
    )
