"""May a finding about a participant go to the clinical route? What they chose says so (WHO 2024, 3.2-3 and 3.1-10).

Whoever chose not to know is not told, and neither is whoever withdrew. What nobody asked them, or who speaks for them
should not hear, an ethics committee judges: above all what concerns a child only once it has grown up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from broker.core.consent.choices import of_age
from broker.core.consent.model import ConsentVersion, Subject
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.standing import Standing, standings
from broker.core.consent.verdict import Verdict
from broker.core.purpose import Purpose
from broker.core.time import Seconds, start_of

Onset = Literal["childhood", "adult", "unknown"]
"""When in life it begins to matter."""
Actionable = Literal["yes", "no", "unknown"]
"""Is there something that a clinic could do about it?"""


class Route(StrEnum):
    FORWARD = "forward"
    ETHICS = "ethics"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Routed:
    """Where it goes, and why: a word that the custodian reads and nobody else."""

    route: Route
    why: str = ""


def strictest_onset(reported: Onset, checked: Onset | None) -> Onset:
    """What counts where both spoke: whoever says that it begins in adult life is believed."""
    if checked is None:
        return reported
    return "adult" if reported == "adult" else checked


def routed(
    subject: Subject | None, onset: Onset, actionable: Actionable, at: Seconds, allowed: frozenset[str] = frozenset()
) -> Routed:
    """Of several consents the strictest holds. `subject`: None, whom the data do not know. `allowed`: to
    which of the words an ethics committee said yes; it opens nothing that the person closed.
    """
    if subject is None:
        return Routed(Route.CLOSE, "not_in_data")
    question = ConsentQuestion(
        purpose=Purpose(), recipient_country=None, processing_country=None, at=at, known_at=at
    )  # fmt: skip
    governing = standings(subject.versions, question)
    if isinstance(governing, Verdict):
        found = [Routed(Route.ETHICS, "unclear") if governing.held else Routed(Route.CLOSE, "no_consent")]
    else:
        found = [said for one in governing for said in _said(one, onset, actionable, at)]
    closed = [one for one in found if one.route is Route.CLOSE]
    asked = [one for one in found if one.route is Route.ETHICS and one.why not in allowed]
    return next(iter((*closed, *asked)), Routed(Route.FORWARD))


def _said(standing: Standing, onset: Onset, actionable: Actionable, at: Seconds) -> Iterator[Routed]:
    version, wish = standing.version, standing.version.scope.return_of_results
    if standing.withdrawal is not None:
        yield Routed(Route.CLOSE, "withdrawn")
    if wish == "none":
        yield Routed(Route.CLOSE, "not_wanted")
    if wish in ("actionable", "childhood_actionable_only") and actionable == "no":
        yield Routed(Route.CLOSE, "not_wanted")
    if wish == "childhood_actionable_only" and onset == "adult":
        yield Routed(Route.ETHICS if _child(version, at) else Route.CLOSE, "adult_onset")
    if _child(version, at) and onset != "childhood":
        yield Routed(Route.ETHICS, "adult_onset")
    if _grown(version, at):
        yield Routed(Route.ETHICS, "came_of_age")
    if version.deceased_on is not None and at >= start_of(version.deceased_on):
        yield Routed(Route.ETHICS, "deceased")
    unsure = wish in ("actionable", "childhood_actionable_only") and actionable == "unknown"
    if wish is None or unsure or standing.paused:
        yield Routed(Route.ETHICS, "never_asked" if wish is None else "unclear")


def _parents_word(version: ConsentVersion) -> bool:
    return version.grantor is not None and version.grantor.kind in ("parent", "guardian")


def _child(version: ConsentVersion, at: Seconds) -> bool:
    """Does somebody still decide for them because of their age?"""
    return _parents_word(version) and not of_age(version, at)


def _grown(version: ConsentVersion, at: Seconds) -> bool:
    """Of age, and yet it is the parents' word that is on record."""
    return _parents_word(version) and of_age(version, at)
