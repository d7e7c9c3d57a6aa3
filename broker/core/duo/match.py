"""Does a purpose fit the DUO codes of a dataset? Read this first. (specs: DUO section 3; rulings 6 and 29)

Four groups of opinions, all asked: the coding itself, the permission (section 3.1), each modifier (3.2), and
sensitive topics. The most restrictive holds.
"""

from collections.abc import Iterator
from functools import lru_cache

from broker.core.duo.asked import Asked
from broker.core.duo.coding import Codes, read_codes
from broker.core.duo.ontology import Ontology
from broker.core.duo.opinion import Match, Opinion, Verdict, combine, listed, review
from broker.core.duo.permissions import permission_opinions
from broker.core.duo.terms import Term
from broker.core.purpose import Purpose
from broker.core.time import Day

__all__ = ["Match", "Verdict", "match"]


def match(terms: tuple[Term, ...], purpose: Purpose, ontology: Ontology, today: Day | None = None) -> Match:
    """How `purpose` fits `terms`, one consent group's codes. Order and repetition of terms do not matter.

    `today`: None takes every moratorium as still running. No code at all is a REVIEW.
    """
    return _match(terms, purpose, ontology, today)


@lru_cache(maxsize=1024)
def _match(terms: tuple[Term, ...], purpose: Purpose, ontology: Ontology, today: Day | None) -> Match:
    """Remembered: a download asks again for every range, with the same purpose."""
    codes = read_codes(terms)
    asked = Asked(purpose=purpose, permissions=codes.permission_codes, today=today)
    said = [*codes.faults, *_permitted(codes, purpose, ontology)]
    said += [rule(term, asked) for rule, term in codes.rules]
    return combine((*said, *sensitive_opinions(purpose)))


def sensitive_opinions(purpose: Purpose) -> Iterator[Opinion]:
    """Sensitive topics go to a person, whatever the codes; so does who did not say whether there are any."""
    if purpose.sensitive is None:
        yield review("DUO-SENSITIVE-UNSTATED", missing="purpose.sensitive")
    elif purpose.sensitive:
        topics = listed(topic.value.replace("_", " ") for topic in purpose.sensitive)
        yield review("DUO-SENSITIVE", topics=topics)


def _permitted(codes: Codes, purpose: Purpose, ontology: Ontology) -> tuple[Opinion, ...]:
    """One permission: what it says. Several, which is a fault: a refusal only if all of them refuse."""
    if len(codes.permissions) == 1:
        return permission_opinions(codes.permissions[0], purpose, ontology, care=codes.care)
    said = [permission_opinions(term, purpose, ontology, care=codes.care) for term in codes.permissions]
    if all(combine(opinions).verdict is Verdict.DENY for opinions in said):
        return tuple(opinion for opinions in said for opinion in opinions)
    return ()
