"""What does this process do again and again: when did it last, how did that go, when is it due?"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from broker.core.time import EPOCH, Seconds

Ended = Literal["done", "failed", "unrecorded"]
Outcome = Literal["waits", "runs", "done", "failed", "unrecorded"]
"""`unrecorded`: nothing could be written; `waits`: it has not been done since this process began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One of them. `found`: what it did at its last turn, where it counts that; `ended`: None until the first has."""

    name: str
    every: int
    """Seconds between two turns."""
    outcome: Outcome = "waits"
    began: Seconds | None = None
    ended: Seconds | None = None
    due: Seconds | None = None
    found: int | None = None
    failures: int = 0
    """In a row."""


class Turns:
    """The turns of one job."""

    def __init__(self, keep: Callable[[Job], None], job: Job, now: Callable[[], Seconds]) -> None:
        self._keep, self._job, self._now = keep, job, now
        keep(job)

    def begun(self) -> None:
        """It is being done."""
        self._put(replace(self._job, outcome="runs", began=self._now(), due=None))

    def ended(self, outcome: Ended, wait: float, found: object = None) -> None:
        """It was done, or not; the next turn is `wait` seconds from now."""
        now = self._now()
        counted = found if isinstance(found, int) and not isinstance(found, bool) else None
        failures = 0 if outcome == "done" else self._job.failures + 1
        self._put(
            replace(
                self._job, outcome=outcome, ended=now, due=Seconds(now + int(wait)), found=counted, failures=failures
            )
        )

    def _put(self, job: Job) -> None:
        self._job = job
        self._keep(job)


def untold() -> Turns:
    """Turns of which nobody reads."""
    return Turns(lambda _: None, Job(name="", every=0), lambda: EPOCH)


class Jobs:
    """All of them, by name."""

    def __init__(self) -> None:
        self._all: dict[str, Job] = {}

    def turns(self, name: str, every: float, now: Callable[[], Seconds], first: float = 0) -> Turns:
        """A job that is due `first` seconds from now, and then every `every` seconds."""
        return Turns(self._keep, Job(name=name, every=int(every), due=Seconds(now() + int(first))), now)

    def told(self) -> tuple[Job, ...]:
        """In order of name."""
        return tuple(job for _, job in sorted(self._all.items()))

    def _keep(self, job: Job) -> None:
        self._all[job.name] = job
