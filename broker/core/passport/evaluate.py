"""Which visas count for this caller, resting on which others, until when? (Passport 1.2.1)

1. What does not count for anybody is dropped (`counts.py`).
2. Links without conditions, then links whose conditions the linked identity itself meets, say who the caller is.
3. A visa of anybody else is dropped.
4. A visa with conditions counts if others without conditions, of the same caller, meet them.

Each accepted visa carries the others that it rests on; it ends with the first of them to end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.core.outcome import Reason
from broker.core.passport import counts, limits
from broker.core.passport.conditions import Candidates, Conditions
from broker.core.passport.linked import Identity, Link, Reach, reach
from broker.core.passport.trust import Trust, TrustRow
from broker.core.passport.visa import LINK, Visa
from broker.core.time import FOREVER, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A visa that counts. `uses`: the other visas without which it would not, links and supporters.

    `ends`: the earliest end among all of them, without leeway: nothing that rests on this may outlive it. Within
    the leeway it may already have passed; then the visa answers this question, and nothing can be issued on it.
    `dataset`: what a ControlledAccessGrants visa opens, after the issuer's aliases.
    """

    visa: Visa
    uses: tuple[Visa, ...]
    ends: Seconds
    dataset: str | None

    @property
    def name(self) -> str:
        """What to call it in the record."""
        return f"{self.visa.iss} {self.visa.jti or self.visa.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A visa that does not count, and why: for the record, and for the caller to mend."""

    visa: Visa
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the visas of one caller amount to. `identities`: everybody whom the caller is known to be."""

    accepted: tuple[Accepted, ...]
    dropped: tuple[Dropped, ...]
    identities: frozenset[Identity]
    by_type: Mapping[str, tuple[Accepted, ...]] = field(default_factory=dict, compare=False)
    """Those that were accepted, by type; what lasts longest first."""


class _Counting(NamedTuple):
    """A visa that counts for whom it is about. (A NamedTuple: a quarter of the cost, thousands of times.)"""

    visa: Visa
    row: TrustRow
    ends: Seconds


Rests = tuple[Visa, ...]
"""The visas on which a link rests: the LinkedIdentities visa, and who met its conditions."""


def evaluate(
    visas: Iterable[Visa],
    trust: Trust,
    identities: Iterable[Identity],
    at: Seconds,
    *,
    leeway: Seconds = limits.LEEWAY,
    not_after: Seconds = FOREVER,
    revoked: AbstractSet[str] = frozenset(),
    vouched: Iterable[Link[Rests]] = (),
) -> Evaluation:
    """Who of `visas` counts for the caller, who is known to be each of `identities` without any link.

    `not_after`: the end of the Passport that brought them, if one did. `revoked`: ids of Revocation rows that
    hold at `at`. `vouched`: what brokers that may vouch say about whose visas they are (`bearer.vouch`).
    """
    dropped: list[Dropped] = []
    counting: list[_Counting] = []
    for visa in {visa.digest: visa for visa in visas}.values():
        row = counts.refusal(visa, trust, at, leeway, revoked)
        if isinstance(row, Reason):
            dropped.append(Dropped(visa=visa, reason=row))
        else:
            counting.append(_Counting(visa, row, counts.ends(visa, row)))
    counting, over = _within_limit(counting)
    dropped.extend(over)
    reached = reach(identities, (*_links(counting), *vouched))
    taken, others = _accept(counting, reached, not_after)
    return Evaluation(
        accepted=tuple(taken),
        dropped=(*dropped, *others),
        identities=frozenset(reached),
        by_type=_by_type(taken),
    )


def _by_type(taken: Iterable[Accepted]) -> Mapping[str, tuple[Accepted, ...]]:
    found: dict[str, tuple[Accepted, ...]] = {}
    for one in sorted(taken, key=lambda one: (-one.ends, one.name)):
        found[one.visa.type] = (*found.get(one.visa.type, ()), one)
    return found


def accepted(
    visas: Iterable[Visa],
    trust: Trust,
    identities: Iterable[Identity],
    at: Seconds,
    *,
    not_after: Seconds = FOREVER,
) -> tuple[Accepted, ...]:
    """Those of `evaluate` that count, for who need not say why the others do not."""
    return evaluate(visas, trust, identities, at, not_after=not_after).accepted


def _within_limit(counting: list[_Counting]) -> tuple[list[_Counting], list[Dropped]]:
    """All of them, unless their conditions together ask for too much looking: then none of the conditional."""
    conditional = [one for one in counting if one.visa.conditions]
    if not conditional:
        return counting, []
    candidates = Candidates(one.visa for one in counting if one.visa.conditions is None)
    if sum(candidates.work(one.visa.conditions or ()) for one in conditional) <= limits.CONDITION_WORK:
        return counting, []
    reason = Reason(code="VISA-CONDITIONS-TOO-MUCH")
    kept = [one for one in counting if not one.visa.conditions]
    return kept, [Dropped(visa=one.visa, reason=reason) for one in conditional]


Support = tuple[Rests, Seconds]
"""Who meets a visa's conditions, with their links, and until when."""

_NOTHING_NEEDED: Support = ((), FOREVER)


class _Supporters:
    """The visas that may meet conditions: without any of their own, those that last longest first."""

    __slots__ = ("_candidates", "_ends", "_links")

    def __init__(self, pool: Iterable[_Counting], reached: Mapping[Identity, Reach[Rests]]) -> None:
        plain = [(one, reached.get(one.visa.identity, Reach())) for one in pool if one.visa.conditions is None]
        self._ends = {one.visa.digest: min(one.ends, how.ends) for one, how in plain}
        self._links = {one.visa.digest: how for one, how in plain}
        best_first = sorted((one.visa for one, _ in plain), key=lambda visa: -self._ends[visa.digest])
        self._candidates = Candidates(best_first)

    def best(self, conditions: Conditions) -> Support | None:
        """The supporters, and their links, of the alternative that lasts longest; None: not met."""
        met = [
            (min((self._ends[visa.digest] for visa in found), default=FOREVER), found)
            for found in self._candidates.alternatives(conditions)
        ]
        if not met:
            return None
        ends, found = max(met, key=lambda alternative: alternative[0])
        return (*found, *(link for visa in found for link in _used(self._links[visa.digest]))), ends


class _Pool:
    """All visas that count together: who among them meets whose conditions."""

    __slots__ = ("_counting", "_everybody", "_own", "_reached")

    def __init__(self, counting: Sequence[_Counting], reached: Mapping[Identity, Reach[Rests]]) -> None:
        self._counting = counting
        self._reached = reached
        self._everybody: _Supporters | None = None
        self._own: dict[Identity, _Supporters] | None = None

    def support(self, one: _Counting) -> Support | None:
        """What meets the conditions of this visa; None: nothing does.

        A link's must be met by visas of its own identity, or two links could hold each other up.
        """
        conditions = one.visa.conditions
        if not conditions:
            return _NOTHING_NEEDED
        if one.visa.type == LINK:
            return self._of(one.visa.identity).best(conditions)
        if self._everybody is None:
            self._everybody = _Supporters(self._counting, self._reached)
        return self._everybody.best(conditions)

    def _of(self, identity: Identity) -> _Supporters:
        if self._own is None:
            grouped: dict[Identity, list[_Counting]] = {}
            for one in self._counting:
                grouped.setdefault(one.visa.identity, []).append(one)
            self._own = {name: _Supporters(found, self._reached) for name, found in grouped.items()}
        return self._own[identity]


def _used(how: Reach[Rests]) -> Rests:
    return tuple(visa for rests in how.chain() for visa in rests)


def _links(counting: Sequence[_Counting]) -> Iterator[Link[Rests]]:
    """The links among them, before anybody knows whose they are."""
    pool = _Pool(counting, {})
    for one in counting:
        support = pool.support(one) if one.visa.type == LINK else None
        if support is not None:
            rests, ends = support
            members = frozenset((one.visa.identity, *one.visa.linked))
            yield Link(members=members, ends=min(one.ends, ends), by=(one.visa, *rests))


def _accept(
    counting: Sequence[_Counting], reached: Mapping[Identity, Reach[Rests]], not_after: Seconds
) -> tuple[list[Accepted], list[Dropped]]:
    """Steps 3 and 4."""
    taken: list[Accepted] = []
    dropped: list[Dropped] = []
    mine: list[tuple[_Counting, Reach[Rests]]] = []
    for one in counting:
        how = reached.get(one.visa.identity)
        if how is None:
            dropped.append(Dropped(visa=one.visa, reason=Reason(code="VISA-IDENTITY")))
        else:
            mine.append((one, how))
    pool = _Pool([one for one, _ in mine], reached)
    for one, how in mine:
        support = pool.support(one) if one.visa.conditions else _NOTHING_NEEDED
        if support is None:
            dropped.append(Dropped(visa=one.visa, reason=Reason(code="VISA-CONDITIONS-UNMET")))
        else:
            taken.append(_accepted(one, support, how, not_after))
    return taken, dropped


def _accepted(one: _Counting, support: Support, how: Reach[Rests], not_after: Seconds) -> Accepted:
    rests, ends = support
    uses: dict[str, Visa] = {}
    if rests or how.before is not None:
        uses = {visa.digest: visa for visa in (*rests, *_used(how))}
        uses.pop(one.visa.digest, None)
    return Accepted(
        visa=one.visa,
        uses=tuple(uses.values()),
        ends=min(one.ends, ends, how.ends, not_after),
        dataset=counts.dataset(one.visa, one.row),
    )
