"""Does a condition hold? True, False, or None: nobody knows (JURISDICTION section 4, ruling 8).

Three-valued logic after Kleene: an unknown part matters only if the known parts do not settle the whole.
OPS is the closed list of comparisons; `compile` makes the same table fast.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from broker.core.jurisdiction.facts import LISTS, MEANS_NONE, Facts, Kind, unstated
from broker.core.jurisdiction.pack import Always, Comparison, Condition, Group, Not

Tri = bool | None
Members = Mapping[str, frozenset[str]]
"""The lists of a pack, by name, as they are on one day."""

_NAMES: frozenset[Kind] = frozenset({"country", "word"})
_NUMBERS: frozenset[Kind] = frozenset({"number"})
_SCALARS: frozenset[Kind] = _NAMES | _NUMBERS
_FLAGS: frozenset[Kind] = frozenset({"flag"})
_ANY: frozenset[Kind] = _SCALARS | _FLAGS | LISTS


@dataclass(frozen=True, slots=True)
class Op:
    """One comparison: for which facts, of `wanted` with a known value (in that order), and with how many."""

    of: frozenset[Kind]
    holds: Callable[[Any, Any], bool]
    against: Literal["one", "many", "nothing"] = "one"
    """One value, many (a value list, lists of the pack), or no value at all."""
    empty_is_unknown: bool = False


OPS: Mapping[str, Op] = MappingProxyType(
    {
        "eq": Op(_SCALARS, operator.eq),
        "ne": Op(_SCALARS, operator.ne),
        "gt": Op(_NUMBERS, operator.lt),  # the wanted number comes first: it is less than the value
        "gte": Op(_NUMBERS, operator.le),
        "lt": Op(_NUMBERS, operator.gt),
        "lte": Op(_NUMBERS, operator.ge),
        "is_true": Op(_FLAGS, lambda _, value: value is True, "nothing"),
        "is_false": Op(_FLAGS, lambda _, value: value is False, "nothing"),
        "exists": Op(_ANY, lambda _, _value: True, "nothing"),
        "missing": Op(_ANY, lambda _, _value: False, "nothing"),
        "in": Op(_NAMES, operator.contains, "many"),
        "not_in": Op(_NAMES, lambda wanted, value: value not in wanted, "many"),
        "has": Op(LISTS, frozenset.issubset, "many"),
        "lacks": Op(LISTS, lambda wanted, value: not wanted.issubset(value), "many"),
        "any_in": Op(LISTS, lambda wanted, value: not wanted.isdisjoint(value), "many", empty_is_unknown=True),
        "all_in": Op(LISTS, frozenset.issuperset, "many", empty_is_unknown=True),
        "none_in": Op(LISTS, frozenset.isdisjoint, "many", empty_is_unknown=True),
    }
)
"""`has`: all of these are present; `lacks`: at least one of them is absent (ruling 8)."""

ABSENCE: Mapping[str, bool] = MappingProxyType({"exists": False, "missing": True})
"""The comparisons that know an answer about a fact that nobody stated, and that answer."""


def wanted(test: Comparison, members: Members) -> Any:
    """What the fact of `test` is compared with: its value, or a set of values and list members."""
    if OPS[test.op].against != "many":
        return test.value
    values = test.value if isinstance(test.value, tuple) else ()
    return frozenset(values).union(*(members[name] for name in test.lists))


def unknown_when_empty(test: Comparison) -> bool:
    """Is an empty list as good as none for this test? It says nothing about where anybody is (ruling 8)."""
    return OPS[test.op].empty_is_unknown and test.fact not in MEANS_NONE


def evaluate(condition: Condition, facts: Facts, members: Members) -> Tri:
    """Does `condition` hold? The plain reading; `compile.predicate` answers the same, faster."""
    match condition:
        case Always():
            return True
        case Not(condition=inner):
            held = evaluate(inner, facts, members)
            return None if held is None else not held
        case Group(of=of, conditions=parts):
            settles = of == "any"
            answers = [evaluate(part, facts, members) for part in parts]
            if settles in answers:
                return settles
            return None if None in answers else not settles
        case Comparison():
            return _holds(condition, facts, members)


def _holds(test: Comparison, facts: Facts, members: Members) -> Tri:
    value = facts.get(test.fact)
    if value is None:
        return ABSENCE.get(test.op)
    if value == () and unknown_when_empty(test):
        return None
    return OPS[test.op].holds(wanted(test, members), value)


def unknowns(condition: Condition, facts: Facts, members: Members) -> tuple[str, ...]:
    """The stated facts that would have to be known for `condition` to be settled; none if it is settled."""
    if evaluate(condition, facts, members) is not None:
        return ()
    match condition:
        case Not(condition=inner):
            return unknowns(inner, facts, members)
        case Group(conditions=parts):
            return tuple(name for part in parts for name in unknowns(part, facts, members))
        case Comparison(fact=fact):
            return unstated(fact, facts)
        case Always():
            return ()
