"""Until when a committee has to answer. Shown to both sides; silence is never a yes, it is late (rulings 1 and 33)."""

from dataclasses import dataclass

from broker.core.access.life import Stage
from broker.core.time import Seconds

_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`since`: when the present stage began. `spent`: seconds in review before that: it runs only then."""

    since: Seconds
    spent: int = 0

    def moved(self, before: Stage, now: Seconds) -> "Clock":
        """The clock after a stage that was `before` ended at `now`."""
        ran = max(0, now - self.since) if before is Stage.IN_REVIEW else 0
        return Clock(since=now, spent=self.spent + ran)

    def due(self, stage: Stage, days: int) -> Seconds | None:
        """When the answer is due, if it is the committee's turn."""
        return Seconds(self.since + days * _DAY - self.spent) if stage is Stage.IN_REVIEW else None

    def late(self, stage: Stage, days: int, now: Seconds) -> bool:
        """Should they have answered by `now`?"""
        due = self.due(stage, days)
        return due is not None and due <= now
