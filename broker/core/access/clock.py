"""Until when a committee has to answer. Shown to both sides; silence is never a yes, it is late (rulings 1 and 33)."""

from dataclasses import dataclass, replace

from broker.core.access.life import Stage
from broker.core.time import Seconds

_DAY = 86_400
LONGEST_DAYS = 92
"""In review, all delays included; whatever a committee says, three months are late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`since`: when the present stage began. `spent`: seconds in review before that: it runs only then.

    `delayed`: until when the committee said that its answer takes, and why; the applicant was told.
    """

    since: Seconds
    spent: int = 0
    delayed: Seconds | None = None

    def moved(self, before: Stage, now: Seconds) -> "Clock":
        """The clock after a stage that was `before` ended at `now`."""
        ran = max(0, now - self.since) if before is Stage.IN_REVIEW else 0
        return Clock(since=now, spent=self.spent + ran)

    def due(self, stage: Stage, days: int) -> Seconds | None:
        """When the answer is due, if it is the committee's turn."""
        if stage is not Stage.IN_REVIEW:
            return None
        due = Seconds(self.since + days * _DAY - self.spent)
        return due if self.delayed is None else max(due, self.delayed)

    def put_off(self, stage: Stage, days: int, until: Seconds, now: Seconds) -> "Clock | None":
        """The clock with a later date; None: that date is none, or so late that it would be no answer at all."""
        due, longest = self.due(stage, days), Seconds(self.since + LONGEST_DAYS * _DAY - self.spent)
        if due is None or not max(due, now) < until <= longest:
            return None
        return replace(self, delayed=until)

    def late(self, stage: Stage, days: int, now: Seconds) -> bool:
        """Should they have answered by `now`?"""
        due = self.due(stage, days)
        return due is not None and due <= now
