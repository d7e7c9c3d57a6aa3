"""A few lines of log for many events of one kind: what strangers can cause at will must not fill a disk."""

from collections.abc import Callable
from time import monotonic

LINES = 10
"""Lines a second for one kind of event."""


class Sparing:
    """Counts the lines of this second, by kind. Kinds are words and codes of ours: there are few."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._second: dict[str, tuple[int, int]] = {}

    def admits(self, kind: str) -> int | None:
        """May a line of this kind be written now? Then how many were left out since the last one; else None."""
        now = int(self._clock())
        second, count = self._second.get(kind, (now, 0))
        left_out = max(0, count - LINES) if second != now else 0
        count = 1 if second != now else count + 1
        self._second[kind] = (now, count)
        return left_out if count <= LINES else None
