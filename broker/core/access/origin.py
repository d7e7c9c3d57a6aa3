"""The place of origin may comment on a request across a border, within its time: what stands, and what it asks for.

One table (WHO 2024, 3.2-1 and 3.5-2): silence is told as silence, it is never a yes, and it answers nothing by itself.
An objection is voted on by people, and the answer to it stands in the decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from broker.core.access.cases import working_days
from broker.core.ids import PersonId
from broker.core.time import Seconds, day_of

DAYS = 10
"""Working days, unless the dataset says otherwise."""
MOST_WORDS = 50
"""Of one side on one request: whatever others say, each can be heard."""
MOST_TEXT = 5_000
"""Characters of one of them."""


class Standing(StrEnum):
    """What came from the place of origin."""

    UNASKED = "unasked"
    """Nobody speaks for it here: no community's authority, no seat of a committee."""
    OPEN = "open"
    """One of them at least has said nothing yet, and has time."""
    SILENT = "silent"
    """The time is over, and nobody said anything."""
    SPOKEN = "spoken"
    """There are comments, and no objection that stands."""
    OBJECTED = "objected"


class Need(StrEnum):
    """What a yes waits for."""

    TIME = "time"
    VOTE = "vote"
    """A vote of the committee in favour, also where one member could answer alone."""
    ANSWER = "answer"
    """To the objection, in words that stand in the decision."""


NEEDS: Mapping[Standing, tuple[Need, ...]] = {
    Standing.UNASKED: (),
    Standing.OPEN: (Need.TIME,),
    Standing.SILENT: (),
    Standing.SPOKEN: (),
    Standing.OBJECTED: (Need.VOTE, Need.ANSWER),
}
"""A no needs none of it: nothing leaves by that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one side said. `side`: `community:<ref>` or `origin:<country>`; who said it is shown to nobody outside."""

    person: PersonId
    side: str
    objects: bool
    text: str
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time for one request. `sides`: who was asked, each once. Other papers begin another time; words stay.

    `found`: how it stood when the request was answered; `answer`: what was said to an objection then.
    """

    sides: tuple[str, ...]
    since: Seconds
    until: Seconds
    words: tuple[Word, ...] = ()
    found: Standing | None = None
    answer: str | None = None

    @property
    def last_day(self) -> date:
        """The day at whose end the time is over."""
        return day_of(Seconds(self.until - 1))

    @property
    def last(self) -> Mapping[str, Word]:
        """The last word of each side: by it an objection is taken back."""
        return {word.side: word for word in self.words}

    @property
    def objecting(self) -> frozenset[str]:
        """The sides whose objection stands, whatever papers it was about."""
        return frozenset(side for side, word in self.last.items() if word.objects)

    def silent(self) -> frozenset[str]:
        """The sides that have said nothing to these papers; in the very second of their coming nobody has read them."""
        return frozenset(self.sides) - {word.side for word in self.words if word.at > self.since}

    def standing(self, now: Seconds) -> Standing:
        """How it stands; once answered, how it stood then."""
        if self.found is not None:
            return self.found
        if now < self.until and self.silent():
            return Standing.OPEN
        if self.objecting:
            return Standing.OBJECTED
        if not self.sides:
            return Standing.UNASKED
        return Standing.SPOKEN if self.words else Standing.SILENT

    def may_say(self, side: str, *, objects: bool, now: Seconds) -> bool:
        """May this side say something now? Later than its time, or after many words, only to take an objection back."""
        if side not in self.sides or self.found is not None:
            return False
        has_words = sum(word.side == side for word in self.words) < MOST_WORDS
        return (now < self.until and has_words) or (not objects and side in self.objecting)

    def reopened(self) -> "Window":
        """As it was before the answer: what was said stands, and so does the end of the time."""
        return replace(self, found=None, answer=None)

    def answered(self, now: Seconds, answer: str | None) -> "Window":
        """As it is kept with the answer to the request."""
        return replace(self, found=self.standing(now), answer=answer)


def opened(sides: tuple[str, ...], days: int | None, now: Seconds, before: Window | None = None) -> Window:
    """The time from `now` on; what was said to papers `before` stays. Where there is nobody to ask it is over."""
    until = working_days(now, days or DAYS) if sides else now
    return Window(sides=sides, since=now, until=until, words=before.words if before is not None else ())
