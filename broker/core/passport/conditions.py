"""Are a visa's `conditions` met by the other visas? (Passport 1.2.1 "conditions")

An OR over an AND of clauses. All claims of one clause must fit one and the same visa, and a visa that has
conditions itself supports nobody. What cannot be read refuses the visa; a clause that can be read but is
wrong (no type, nothing but a type, an unknown claim or prefix) only fails, and other alternatives may hold.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from broker.core.passport import limits
from broker.core.passport.patterns import Expression, Match, parse

CLAIMS = frozenset({"value", "source", "by"})
"""The visa object claims that are strings; `type` is named apart, times and `conditions` never."""


class Claims(Hashable, Protocol):
    """What a clause can look at in a candidate."""

    @property
    def type(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def source(self) -> str | None: ...
    @property
    def by(self) -> str | None: ...


C = TypeVar("C", bound=Claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause: the type, and what each named claim must fit. A wrong clause wants nothing and never fits."""

    type: str
    wants: tuple[tuple[str, Expression], ...]

    def fits(self, candidate: Claims) -> bool:
        """Do all named claims fit this one candidate? A claim that it lacks does not."""
        if not self.wants or candidate.type != self.type:
            return False
        return all(_fits(expression, getattr(candidate, name)) for name, expression in self.wants)


Group = tuple[Clause, ...]
Conditions = tuple[Group, ...]

_WRONG = Clause(type="", wants=())


def read(raw: Any) -> Conditions | None:
    """The conditions that `raw` (the claim's JSON value) states; None if it is malformed or passes a limit.

    An empty outer list states none; an empty inner list would hold vacuously and is malformed.
    """
    if not isinstance(raw, list) or len(raw) > limits.CONDITION_GROUPS:
        return None
    groups = [_group(group) for group in raw]
    return None if None in groups else tuple(group for group in groups if group is not None)


def _group(raw: Any) -> Group | None:
    if not isinstance(raw, list) or not 0 < len(raw) <= limits.CONDITION_CLAUSES:
        return None
    if not all(_is_clause(clause) for clause in raw):
        return None
    return tuple(_clause(clause) for clause in raw)


def _is_clause(raw: Any) -> bool:
    return isinstance(raw, dict) and all(isinstance(value, str) for value in raw.values())


def _clause(raw: dict[str, str]) -> Clause:
    """Correctness first: the clause, or one that never fits."""
    wants = tuple((name, parse(text)) for name, text in sorted(raw.items()) if name != "type")
    if not raw.get("type") or any(name not in CLAIMS for name, _ in wants):
        return _WRONG
    known = tuple((name, expression) for name, expression in wants if expression is not None)
    return Clause(type=raw["type"], wants=known) if len(known) == len(wants) else _WRONG


def _fits(expression: Expression, value: str | None) -> bool:
    return value is not None and expression.fits(value)


class Candidates(Generic[C]):
    """The visas that may support others: accepted, without conditions of their own, best first."""

    __slots__ = ("_by_type", "_lengths")

    def __init__(self, visas: Iterable[C]) -> None:
        by_type: dict[str, list[C]] = {}
        for visa in visas:
            by_type.setdefault(visa.type, []).append(visa)
        self._by_type: Mapping[str, Sequence[C]] = by_type
        self._lengths = {
            (type_, name): (len(found), sum(len(getattr(visa, name) or "") for visa in found))
            for type_, found in by_type.items()
            for name in CLAIMS
        }

    def alternatives(self, conditions: Conditions) -> Iterator[tuple[C, ...]]:
        """For each group that is met, who meets it: per clause the first that fits. Nothing: not met.

        No groups at all are met by nobody in particular.
        """
        if not conditions:
            yield ()
        for group in conditions:
            found = self._support(group)
            if found is not None:
                yield found

    def _support(self, group: Group) -> tuple[C, ...] | None:
        found: dict[C, None] = {}
        for clause in group:
            fitting = next((visa for visa in self._by_type.get(clause.type, ()) if clause.fits(visa)), None)
            if fitting is None:
                return None
            found[fitting] = None
        return tuple(found)

    def work(self, conditions: Conditions) -> int:
        """How many characters may have to be looked at: for `limits.CONDITION_WORK`."""
        return sum(self._size(clause.type, wants) for group in conditions for clause in group for wants in clause.wants)

    def _size(self, type_: str, wants: tuple[str, Expression]) -> int:
        name, expression = wants
        count, length = self._lengths.get((type_, name), (0, 0))
        return count if expression.match is Match.CONST else count * (1 + len(expression.text)) + length
