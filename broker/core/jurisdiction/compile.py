"""Conditions made fast: lists become sets and conditions closures, once per list change instead of per question.

What a closure answers is the same as `conditions.evaluate`; a test compares the two.
"""

from collections.abc import Callable

from broker.core.jurisdiction.conditions import ABSENCE, OPS, Members, Tri, unknown_when_empty, wanted
from broker.core.jurisdiction.facts import Facts
from broker.core.jurisdiction.pack import Always, Comparison, Condition, Group, Not

Predicate = Callable[[Facts], Tri]


def predicate(condition: Condition, members: Members) -> Predicate:
    """A closure that answers as `conditions.evaluate(condition, _, members)` does."""
    match condition:
        case Always():
            return lambda _: True
        case Not(condition=inner):
            return _negation(predicate(inner, members))
        case Group(of=of, conditions=parts):
            return _group(tuple(predicate(part, members) for part in parts), settles=of == "any")
        case Comparison():
            return _comparison(condition, members)


def _negation(inner: Predicate) -> Predicate:
    def run(facts: Facts) -> Tri:
        held = inner(facts)
        return None if held is None else not held

    return run


def _group(parts: tuple[Predicate, ...], *, settles: bool) -> Predicate:
    def run(facts: Facts) -> Tri:
        unknown = False
        for part in parts:
            held = part(facts)
            if held is settles:
                return settles
            if held is None:
                unknown = True
        return None if unknown else not settles

    return run


def _comparison(test: Comparison, members: Members) -> Predicate:
    name, absent, empty_is_unknown = test.fact, ABSENCE.get(test.op), unknown_when_empty(test)
    holds, against = OPS[test.op].holds, wanted(test, members)

    def run(facts: Facts) -> Tri:
        value = facts.get(name)
        if value is None:
            return absent
        if empty_is_unknown and not value:
            return None
        return holds(against, value)

    return run
