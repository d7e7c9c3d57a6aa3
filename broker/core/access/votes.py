"""What a committee thinks of one dataset of an application: votes, counted (dac-workflow section 2, row 9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from broker.core.ids import DatasetId, PersonId
from broker.core.time import Seconds

Choice = Literal["yes", "no", "abstain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one member thinks of one dataset, and why. `turn`: of the answers that they had read."""

    person: PersonId
    dataset: DatasetId
    choice: Choice
    ground: str
    at: Seconds
    turn: int


class Opinion(StrEnum):
    OPEN = "open"
    """Too few have voted."""
    YES = "yes"
    NO = "no"
    TIED = "tied"
    """As many for it as against it: the chair decides, either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The votes that count. Who abstains is there, and says neither."""

    yes: int = 0
    no: int = 0
    abstain: int = 0

    @property
    def cast(self) -> int:
        return self.yes + self.no + self.abstain

    def opinion(self, quorum: int) -> Opinion:
        """What they say together, if at least `quorum` have voted."""
        if self.cast < quorum:
            return Opinion.OPEN
        if self.yes == self.no:
            return Opinion.TIED
        return Opinion.YES if self.yes > self.no else Opinion.NO


def tally(votes: Iterable[Vote], dataset: DatasetId, turn: int, aside: frozenset[PersonId]) -> Tally:
    """The last vote of each person about `dataset` and these very answers; not of those who stepped aside."""
    last = {vote.person: vote.choice for vote in votes if (vote.dataset, vote.turn) == (dataset, turn)}
    count = [choice for person, choice in last.items() if person not in aside]
    return Tally(yes=count.count("yes"), no=count.count("no"), abstain=count.count("abstain"))
