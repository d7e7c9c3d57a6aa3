"""Which answers about sets of participants are known already, and for how long? (judge.py works them out)

An answer is a pure result of what it read. It is kept until the first date at which it may change by itself, or
until a record that it read changes; then only the participants concerned are judged anew, however large the set is.
A set is thus judged once for each kind of question, and not at each access.
"""

from collections.abc import Callable, Hashable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from broker.core.consent.cohort import Cohort, Find, told_apart
from broker.core.consent.judge import all_said, answer_of, blocks_families, said_of
from broker.core.consent.model import Subject
from broker.core.consent.rules import Asking
from broker.core.consent.tally import ConsentAnswer, Tally
from broker.core.ids import DatasetId, SubjectRef
from broker.core.time import FOREVER, Seconds

About = tuple[DatasetId, str | None]

FindIn = Callable[[SubjectRef, Seconds, DatasetId], Subject]
"""A participant as they are on record for a dataset."""

MOST = 4096
"""Answers that are kept; beyond that the oldest go."""

HELD = 1_000_000
"""Participants that answers hold besides (left out, or waiting to be judged anew), and as many that cohorts hold.
Beyond that the oldest go; the newest stays, whatever it holds: else it would be worked out at every access.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One answer. `about`: the dataset, and the object if one was asked for. `rests_on`: the very rows that it read
    besides the participants' own. `stale`: whose records changed since, as they were then.
    """

    about: About
    rests_on: tuple[object, ...]
    members: AbstractSet[SubjectRef]
    asking: Asking
    tally: Tally
    answer: ConsentAnswer
    at: Seconds
    known_at: Seconds
    known_until: Seconds
    """The first time of knowledge at which a version counts that does not count yet."""
    stale: tuple[Subject, ...] = ()

    @property
    def weight(self) -> int:
        """How many participants it holds by itself; `members` is its cohort's, or its object's."""
        return len(self.answer.left_out) + len(self.stale)

    def holds(self, at: Seconds, known_at: Seconds, rests_on: tuple[object, ...]) -> bool:
        """Is it the answer at `at`, by what was known at `known_at`, but for those whose records changed?"""
        return (
            self.at <= at < self.answer.until
            and self.known_at <= known_at < self.known_until
            and [id(one) for one in self.rests_on] == [id(one) for one in rests_on]
        )


class KnownAnswers:
    """The answers that are known. Filled while questions are asked; a change of the world makes another one.

    `most`: answers; `held`: participants of answers, and of cohorts.
    """

    def __init__(
        self,
        known: dict[Hashable, Known] | None = None,
        cohorts: dict[About, Cohort] | None = None,
        *,
        most: int = MOST,
        held: int = HELD,
    ) -> None:
        self._limits = (most, held)
        self._known: dict[Hashable, Known] = known or {}
        self._cohorts: dict[About, Cohort] = cohorts or {}
        self._held = sum(one.weight for one in self._known.values())
        self._lighten()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Hashable) -> Known | None:
        """What is known of this kind of question, perhaps from another time."""
        return self._known.get(key)

    def keep(self, key: Hashable, known: Known) -> None:
        """Keep an answer, unless a later one is kept: a replay does not push out what is asked now."""
        before = self._known.get(key)
        if before is not None and (before.at > known.at or before.known_at > known.known_at):
            return
        self._forget(key)
        self._known[key] = known
        self._held += known.weight
        self._lighten()

    def _lighten(self) -> None:
        most, held = self._limits
        while len(self._known) > 1 and (len(self._known) > most or self._held > held):
            self._forget(next(iter(self._known)))

    def _forget(self, key: Hashable) -> None:
        gone = self._known.pop(key, None)
        self._held -= gone.weight if gone is not None else 0

    def cohort(self, dataset: DatasetId, object: str | None, gather: Callable[[], Cohort]) -> Cohort:
        """Whose data are in a dataset, or in one object of it: gathered once, and shared by every answer about it."""
        found = self._cohorts.get((dataset, object))
        if found is None:
            found = self._cohorts[dataset, object] = gather()
            self._part()
        return found

    def _part(self) -> None:
        """Let the oldest cohorts go where all hold too many, and the answers that hold them too."""
        total = sum(len(one.members) for one in self._cohorts.values())
        while len(self._cohorts) > 1 and total > self._limits[1]:
            gone = next(iter(self._cohorts))
            total -= len(self._cohorts.pop(gone).members)
            for key in [key for key, one in self._known.items() if one.about == gone]:
                self._forget(key)

    def after(self, refs: AbstractSet[SubjectRef], find: FindIn, datasets: AbstractSet[DatasetId]) -> "KnownAnswers":
        """What is known after the records of `refs`, and the objects of `datasets`, changed. `find`: as before it."""
        known = {
            key: after
            for key, one in self._known.items()
            if one.about[0] not in datasets and (after := _after(one, refs, find)) is not None
        }
        cohorts = {key: one.after(refs) for key, one in self._cohorts.items() if key[0] not in datasets}
        return KnownAnswers(known, cohorts, most=self._limits[0], held=self._limits[1])


def _after(known: Known, refs: AbstractSet[SubjectRef], find: FindIn) -> Known | None:
    concerned = refs & known.members
    if not concerned:
        return known
    if blocks_families(known.asking.certificate) or len(concerned) > len(known.members) // 2:
        return None
    waiting = {one.ref for one in known.stale}
    were = tuple(find(ref, known.known_at, known.about[0]) for ref in concerned if ref not in waiting)
    return replace(known, stale=(*known.stale, *were))


def learned(asking: Asking, cohort: Cohort, find: Find, about: About, rests_on: tuple[object, ...]) -> Known:
    """The answer, worked out from the records: of people who are alike, from one of theirs."""
    question = asking.question
    early = min(question.at, question.known_at) < cohort.since
    if early or blocks_families(asking.certificate):  # then nobody is like another
        people = [find(ref, question.known_at) for ref in cohort.members]
        tally = Tally.of(all_said(people, asking))
    else:
        people = [find(ref, question.known_at) for ref in cohort.others]
        tally = Tally.of(all_said(people, asking))
        for one, refs in told_apart(cohort):
            tally = tally.joined(said_of(one, asking), refs)
    return Known(
        about=about,
        rests_on=rests_on,
        members=cohort.members,
        asking=asking,
        tally=tally,
        answer=answer_of(tally, asking),
        at=question.at,
        known_at=question.known_at,
        known_until=_known_until(people, question.known_at),
    )


def renewed(known: Known, asking: Asking, find: Find) -> Known:
    """The answer after some records changed, worked out from those alone; `known` holds at the time of `asking`."""
    question = asking.question
    changes = [(before, find(before.ref, question.known_at)) for before in known.stale]
    tally = known.tally.changed(
        (after.ref, said_of(before, known.asking), said_of(after, asking)) for before, after in changes
    )
    return replace(
        known,
        asking=asking,
        tally=tally,
        answer=answer_of(tally, asking),
        at=question.at,
        known_at=question.known_at,
        known_until=min(known.known_until, _known_until((after for _, after in changes), question.known_at)),
        stale=(),
    )


def _known_until(people: Iterable[Subject], known_at: Seconds) -> Seconds:
    versions = (one for person in people for one in person.versions)
    layers = (one for person in people for layer in person.layers for one in layer.versions)
    later = (one.known_from for group in (versions, layers) for one in group if one.known_from > known_at)
    return min(later, default=FOREVER)
