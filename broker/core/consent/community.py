"""What do a family and a community say about a use, beside the person? (the layers of the consent rules)

An explicit refusal in any layer wins, and a permit in one repairs nothing in another. A layer's silence is no
refusal: only what it says counts. The family speaks where the family is looked at as a family, and where a
participant who died left the decision to it. A community of which nothing is on record has not agreed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from broker.core.consent import rules
from broker.core.consent.model import ConsentVersion, Layer, Level, Subject
from broker.core.consent.rules import Asking, Rule
from broker.core.consent.standing import Standing, standings
from broker.core.consent.verdict import Place, Verdict, exclude, hold
from broker.core.purpose import Modality
from broker.core.time import start_of

_AT_HOME = frozenset({Modality.CODE_TO_DATA, Modality.AGGREGATE})
"""The ways of access in which data that stay with their community stay with it."""


def _decided(standing: Standing, asking: Asking) -> Verdict | None:
    """What the community's authority decided, and whether it is due to decide anew."""
    community = standing.version.community
    if community is None:
        return None
    if community.decision == "refused":
        return exclude("COM-REFUSED")
    if community.decision == "undecided":
        return hold("COM-APPROVAL-NEEDED", authority=community.authority)
    if community.review_on is not None and asking.question.at >= start_of(community.review_on):
        return hold("COM-APPROVAL-NEEDED", authority=community.authority, date=community.review_on.isoformat())
    return None


def _at_home(standing: Standing, asking: Asking) -> Verdict | None:
    """Data that stay with the community are used where they are."""
    community = standing.version.community
    leaves = community is not None and community.local_only and asking.question.purpose.modality not in _AT_HOME
    return exclude("COM-LOCAL-ONLY") if leaves else None


def _permissions(standing: Standing, asking: Asking) -> Verdict | None:
    """R8 for a layer: permissions that it does not state limit nobody."""
    return rules.own_permissions(standing, asking) if standing.version.scope.permissions else None


LAYER_RULES: tuple[tuple[str, Rule], ...] = (
    ("R3", rules.withdrawn),
    ("decision", _decided),
    ("R4", rules.suspended),
    ("R6", rules.representation),
    ("R8", _permissions),
    ("R10", rules.modifiers),
    ("R11", rules.refused_answers),
    ("R11", rules.open_answers),
    ("R12", rules.lists),
    ("local", _at_home),
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
    named = {("family", one.version.family_ref) for one in own}
    named |= {("community", ref) for one in own for ref in one.version.community_refs}
    alone = asking.alone
    answered = False
    for layer in subject.layers:
        counts = layer.level == "community" or decides or asking.question.family_analysis
        if (layer.level, layer.ref) not in named or not counts:
            continue
        found = standings(layer.versions, asking.question)
        answered = answered or (layer.level == "family" and not isinstance(found, Verdict))
        yield from _of_layer(layer, found, alone)
    if decides and not answered:
        yield hold("CON-FAMILY-DECIDES").by("R7")


def community_objections(layers: Iterable[Layer], asking: Asking) -> Iterator[Verdict]:
    """What the communities themselves have against the use, each by its own decision; of these none may be missing."""
    alone = asking.alone
    for layer in layers:
        found = standings(layer.versions, asking.question)
        yield from _of_layer(layer, found, alone)
        undecided = not isinstance(found, Verdict) and all(one.version.community is None for one in found)
        if undecided:
            yield hold("COM-APPROVAL-NEEDED", ref=layer.ref).by("decision")


def _of_layer(layer: Layer, found: tuple[Standing, ...] | Verdict, alone: Asking) -> Iterator[Verdict]:
    if isinstance(found, Verdict):
        if layer.level == "community" or found.held:
            yield _worded(layer.level, replace(found, place=Place.HOLD))
        return
    for one in found:
        objection = rules.objection(one, alone, LAYER_RULES)
        if objection is not None:
            yield _worded(layer.level, objection)


def _left_to_family(version: ConsentVersion, asking: Asking) -> bool:
    return version.after_death == "family_decides" and rules.died(version, asking.question)


def _worded(level: Level, found: Verdict) -> Verdict:
    if found.reason.code.startswith("COM-"):
        return found  # in its own words
    make = exclude if found.place is Place.EXCLUDE else hold
    norm = found.reason.norm
    worded = make(_CODES[level, found.place], ground=found.reason.code, ref=level)
    return worded.by(norm.rule if norm else "")
