"""What do a family and a community say about a use, beside the person? (the layers of the consent rules)

An explicit refusal in any layer wins, and a permit in one repairs nothing in another. A layer's silence is no
refusal: only what it says counts. The family speaks where the family is looked at as a family, and where a
participant who died left the decision to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from broker.core.consent import rules
from broker.core.consent.model import ConsentVersion, Level, Subject
from broker.core.consent.rules import Asking, Rule
from broker.core.consent.standing import Standing, standings
from broker.core.consent.verdict import Place, Verdict, exclude, hold


def _permissions(standing: Standing, asking: Asking) -> Verdict | None:
    """R8 for a layer: permissions that it does not state limit nobody."""
    return rules.own_permissions(standing, asking) if standing.version.scope.permissions else None


LAYER_RULES: tuple[tuple[str, Rule], ...] = (
    ("R3", rules.withdrawn),
    ("R4", rules.suspended),
    ("R6", rules.representation),
    ("R8", _permissions),
    ("R10", rules.modifiers),
    ("R11", rules.refused_answers),
    ("R11", rules.open_answers),
    ("R12", rules.lists),
)
"""A layer's record has no childhood and no death, and the certificate is weighed with the person's."""

_CODES: Mapping[tuple[Level, Place], str] = MappingProxyType(
    {
        ("family", Place.EXCLUDE): "CON-FAMILY",
        ("family", Place.HOLD): "CON-ASK",
        ("community", Place.EXCLUDE): "COM-REFUSED",
        ("community", Place.HOLD): "COM-APPROVAL-NEEDED",
    }
)
"""In which words a layer's objection reaches people; the rule's own code stays in the facts."""


def layer_objections(subject: Subject, own: tuple[Standing, ...], asking: Asking) -> Iterator[Verdict]:
    """What the layers that cover `subject` have against the use; `own`: what governs of the person's record."""
    decides = any(_left_to_family(one.version, asking) for one in own)
    if not subject.layers and not decides:
        return
    alone = _alone(asking)
    answered = False
    for history in subject.layers:
        level = history[0].level
        if level == "family" and not (decides or asking.question.family_analysis):
            continue
        found = standings(history, asking.question)
        if isinstance(found, Verdict):
            if level == "community" or found.held:
                yield _worded(level, replace(found, place=Place.HOLD))
            continue
        answered = answered or level == "family"
        objections = (rules.objection(one, alone, LAYER_RULES) for one in found)
        yield from (_worded(level, one) for one in objections if one is not None)
    if decides and not answered:
        yield hold("CON-FAMILY-DECIDES").by("R7")


def _left_to_family(version: ConsentVersion, asking: Asking) -> bool:
    return version.after_death == "family_decides" and rules.died(version, asking.question)


def _alone(asking: Asking) -> Asking:
    """The same question without the certificate, and without a meaning of silence."""
    asked = tuple(replace(one, silence="allow") for one in asking.asked)
    return replace(asking, certificate=None, certified=None, asked=asked)


def _worded(level: Level, found: Verdict) -> Verdict:
    make = exclude if found.place is Place.EXCLUDE else hold
    norm = found.reason.norm
    worded = make(_CODES[level, found.place], ground=found.reason.code, ref=level)
    return worded.by(norm.rule if norm else "")
