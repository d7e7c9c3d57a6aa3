"""Is this a condition, and does it compare facts that exist with values that they can have (section 4)?

Also the rule that silence never helps: `exists` and `missing` may not stand where leaving a fact out would
open what stating it closes.
"""

from collections.abc import Collection, Iterator
from typing import Any

from broker.core.jurisdiction.conditions import OPS, Op
from broker.core.jurisdiction.facts import KINDS, PLACES, WORDS, FactValue, Kind
from broker.core.jurisdiction.pack import Always, Comparison, Condition, Group, Not
from broker.core.jurisdiction.reading import Reading, Where

_NEVER = Not(condition=Always())
"""In the place of what is no condition: nothing else that is told of the pack may follow from it."""


def read_condition(reading: Reading, raw: object, where: Where, lists: Collection[str]) -> Condition:
    """The condition that `raw` writes. `lists`: the names of the pack's own lists."""
    if raw is True:
        return Always()
    if not isinstance(raw, dict):
        reading.problem(where, "a condition is wanted here: true, all, any, not, or a fact with an op")
        return _NEVER
    for of in ("all", "any"):
        if of in raw:
            reading.members(raw, where, (of,))
            parts = reading.items(raw[of], (*where, of), least=1)
            return Group(
                of="all" if of == "all" else "any",
                conditions=tuple(read_condition(reading, part, place, lists) for place, part in parts),
            )
    if "not" in raw:
        reading.members(raw, where, ("not",))
        return Not(condition=read_condition(reading, raw["not"], (*where, "not"), lists))
    return _test(reading, raw, where, lists)


def _test(reading: Reading, raw: dict[str, Any], where: Where, lists: Collection[str]) -> Condition:
    members = reading.members(raw, where, ("fact", "op"), ("value", "list"))
    fact = reading.choice(members.get("fact"), (*where, "fact"), KINDS)
    op = reading.choice(members.get("op"), (*where, "op"), OPS)
    if not fact or not op:
        return _NEVER
    rule, kind = OPS[op], KINDS[fact]
    if kind not in rule.of:
        reading.problem((*where, "op"), f"{op} does not fit {fact}, which is a {kind}")
        return _NEVER
    if not _has_right_side(reading, members, where, rule):
        return _NEVER
    if "list" in members:
        return Comparison(fact=fact, op=op, lists=_lists(reading, members["list"], (*where, "list"), kind, lists))
    if "value" in members:
        return Comparison(fact=fact, op=op, value=_value(reading, members["value"], (*where, "value"), fact, rule))
    return Comparison(fact=fact, op=op)


def _has_right_side(reading: Reading, members: Any, where: Where, rule: Op) -> bool:
    """Something to compare with exactly where the op wants it."""
    given = [name for name in ("value", "list") if name in members]
    if rule.against == "nothing" and not given:
        return True
    if rule.against == "many" and len(given) == 1:
        return True
    if rule.against == "one" and given == ["value"]:
        return True
    wanted = {"nothing": "neither value nor list", "many": "a value or a list", "one": "a value"}[rule.against]
    reading.problem(where, f"{members['op']} takes {wanted}")
    return False


def _lists(reading: Reading, raw: object, where: Where, kind: Kind, lists: Collection[str]) -> tuple[str, ...]:
    if kind not in PLACES:
        reading.problem(where, "lists hold countries, and this fact is none")
    if isinstance(raw, list):
        return reading.choices(raw, where, lists, least=1)
    return (reading.choice(raw, where, lists),)


def _value(reading: Reading, raw: object, where: Where, fact: str, rule: Op) -> FactValue:
    if rule.against == "many":
        items = reading.items(raw, where, least=1)
        return tuple(str(_scalar(reading, item, place, fact)) for place, item in items)
    return _scalar(reading, raw, where, fact)


def _scalar(reading: Reading, raw: object, where: Where, fact: str) -> FactValue:
    kind = KINDS[fact]
    if kind in PLACES:
        return reading.country(raw, where)
    if kind == "number":
        if type(raw) is int and raw >= 0:
            return raw
        reading.problem(where, "a whole number is wanted here")
        return 0
    if fact in WORDS:
        return str(reading.choice(raw, where, WORDS[fact]))
    return reading.slug(raw, where)


def silence_helps(condition: Condition, *, permits: bool) -> bool:
    """Could a rule with this condition do more for an asker who leaves a fact out?

    A permit must not rest on a fact's absence; everything else must not lapse with it.
    """
    helpful = "missing" if permits else "exists"
    return any((test.op == helpful) is positive for test, positive in _signed(condition, positive=True))


def _signed(condition: Condition, *, positive: bool) -> Iterator[tuple[Comparison, bool]]:
    """Every test about absence, with whether it stands under an even number of `not`."""
    match condition:
        case Comparison(op=op):
            if op in ("exists", "missing"):
                yield condition, positive
        case Not(condition=inner):
            yield from _signed(inner, positive=not positive)
        case Group(conditions=parts):
            for part in parts:
                yield from _signed(part, positive=positive)
        case Always():
            pass
