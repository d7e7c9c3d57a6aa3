"""What does a set of participants come to, when each has a place? (the set level of the consent rules)

A Tally counts, so that one participant's change costs the same in a set of ten and in one of a hundred thousand.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from broker.core.consent.model import DatasetCertificate
from broker.core.consent.verdict import Place, Verdict
from broker.core.ids import SubjectRef
from broker.core.outcome import Norm, Reason
from broker.core.time import FOREVER, Seconds

K = TypeVar("K")


class ConsentOutcome(StrEnum):
    """What consent says about a set of people."""

    PERMIT = "PERMIT"
    PERMIT_FILTERED = "PERMIT_FILTERED"
    """Without those who are left out: the exclusion list is bound to the grant."""
    HOLD = "HOLD"
    REFER = "REFER"
    DENY = "DENY"
    DENY_FILE = "DENY_FILE"
    """Not this file, which cannot be filtered; perhaps a re-cut one, or masked in a secure environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswer:
    """The answer, and where each participant went. Not for researchers as it stands: see public.py.

    `reasons`: each code once, with how many participants it concerns. `left_out`: who is not included. `until`: the
    first second at which the answer may change by itself. `missing`: members of the question that were not answered
    and may matter.
    """

    outcome: ConsentOutcome
    reasons: tuple[Reason, ...]
    verdicts: Mapping[SubjectRef, Verdict] = field(default_factory=dict)
    left_out: frozenset[SubjectRef] = frozenset()
    obligations: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    until: Seconds = FOREVER

    @property
    def included(self) -> frozenset[SubjectRef]:
        return self._placed(Place.INCLUDE)

    @property
    def excluded(self) -> frozenset[SubjectRef]:
        return self._placed(Place.EXCLUDE)

    @property
    def held(self) -> frozenset[SubjectRef]:
        """Left out now; they may join without a new application when the open question is answered."""
        return self._placed(Place.HOLD)

    def _placed(self, place: Place) -> frozenset[SubjectRef]:
        return frozenset(ref for ref, verdict in self.verdicts.items() if verdict.place is place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of one participant, and the first second at which that may change by itself."""

    verdict: Verdict
    until: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many participants each verdict has, who is left out, and when the first of them may change."""

    counts: Mapping[Verdict, int]
    left_out: Mapping[SubjectRef, Verdict]
    untils: Mapping[Seconds, int]

    @staticmethod
    def of(said: Mapping[SubjectRef, Said]) -> "Tally":
        """The tally of everybody."""
        return Tally(
            counts=_counted(one.verdict for one in said.values()),
            left_out={ref: one.verdict for ref, one in said.items() if one.verdict.place is not Place.INCLUDE},
            untils=Counter(one.until for one in said.values()),
        )

    def changed(self, changes: Iterable[tuple[SubjectRef, Said, Said]]) -> "Tally":
        """The tally after what is said of some participants, each (whom, before, after), changed."""
        counts, left_out, untils = dict(self.counts), dict(self.left_out), dict(self.untils)
        for ref, before, after in changes:
            left_out.pop(ref, None)
            if after.verdict.place is not Place.INCLUDE:
                left_out[ref] = after.verdict
            _move(counts, before.verdict, after.verdict)
            _move(untils, before.until, after.until)
        return Tally(counts=counts, left_out=left_out, untils=untils)

    def joined(self, said: Said, refs: AbstractSet[SubjectRef]) -> "Tally":
        """The tally with everybody in `refs` besides, of each of whom the same is said."""
        left_out = self.left_out
        if said.verdict.place is not Place.INCLUDE:
            left_out = {**left_out, **dict.fromkeys(refs, said.verdict)}
        return Tally(
            counts={**self.counts, said.verdict: self.counts.get(said.verdict, 0) + len(refs)},
            left_out=left_out,
            untils={**self.untils, said.until: self.untils.get(said.until, 0) + len(refs)},
        )

    @property
    def until(self) -> Seconds:
        """The first second at which anybody's verdict may change by itself."""
        return min(self.untils, default=FOREVER)

    def outcome(
        self, certificate: DatasetCertificate | None, reviewed: frozenset[str]
    ) -> tuple[ConsentOutcome, tuple[Reason, ...]]:
        """The outcome, and the codes that belong to the set and to nobody in it."""
        included, held, excluded = (self._placed(place) for place in Place)
        if not included + held + excluded:
            return ConsentOutcome.DENY, (_of_the_set("CON-NO-RECORD"),)
        if not included or certificate is None:
            return (ConsentOutcome.DENY if excluded else ConsentOutcome.HOLD), ()
        if not held + excluded:
            return ConsentOutcome.PERMIT, ()
        if not certificate.filterable:
            mixed = (_of_the_set("CON-MIXED-FILE"),)
            return (ConsentOutcome.DENY_FILE, mixed) if excluded else (ConsentOutcome.HOLD, ())
        if included < certificate.min_group and "CON-TOO-FEW" not in reviewed:
            return ConsentOutcome.REFER, (_of_the_set("CON-TOO-FEW"),)
        return ConsentOutcome.PERMIT_FILTERED, ()

    def _placed(self, place: Place) -> int:
        return sum(count for verdict, count in self.counts.items() if verdict.place is place)

    def reasons(self, outcome: ConsentOutcome) -> tuple[Reason, ...]:
        """Each code once, sorted: of a permit for all what carries it, otherwise what leaves people out."""
        permit = outcome is ConsentOutcome.PERMIT
        by_code: dict[str, list[tuple[Reason, int]]] = {}
        for verdict, count in self.counts.items():
            if (verdict.place is Place.INCLUDE) == permit:
                by_code.setdefault(verdict.reason.code, []).append((verdict.reason, count))
        return tuple(_together(by_code[code]) for code in sorted(by_code))

    def obligations(self) -> tuple[str, ...]:
        """What those who are included demand of the user."""
        return tuple(sorted({duty for verdict in self.counts for duty in verdict.obligations}))


def _counted(verdicts: Iterable[Verdict]) -> Mapping[Verdict, int]:
    """How often each occurs. Most participants share one very object, which is hashed once."""
    objects: dict[int, tuple[Verdict, int]] = {}
    for verdict in verdicts:
        _, count = objects.get(id(verdict), (verdict, 0))
        objects[id(verdict)] = (verdict, count + 1)
    found: Counter[Verdict] = Counter()
    for verdict, count in objects.values():
        found[verdict] += count
    return found


def _move(counts: dict[K, int], before: K, after: K) -> None:
    counts[before] -= 1
    if not counts[before]:
        del counts[before]
    counts[after] = counts.get(after, 0) + 1


def _of_the_set(code: str) -> Reason:
    return Reason(code=code, norm=Norm(source="consent-record", rule="set"))


def _together(reasons: list[tuple[Reason, int]]) -> Reason:
    """One reason for all whom it concerns: the facts that they share, how many they are, and the first rule."""
    first = min((reason for reason, _ in reasons), key=lambda reason: reason.norm.rule if reason.norm else "")
    shared = set(first.facts).intersection(*(reason.facts for reason, _ in reasons))
    facts = (*shared, ("n", str(sum(count for _, count in reasons))))
    return Reason(code=first.code, facts=tuple(sorted(facts)), norm=first.norm)
