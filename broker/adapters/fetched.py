"""One document at one address: when it is asked for, how long it counts, who waits for it.

Many callers, one fetch; a caller that gives up takes nobody along. A failure is remembered for the cool-down, so that
a flood of callers is no flood of fetches; the last good document counts while its address fails, but not for ever.
The cool-down and the ages are measured on a clock that never steps back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from broker.adapters.outgoing import FetchError

T = TypeVar("T")
State = Literal["unused", "good", "stale", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Seconds. `fresh`: used without asking. `cool_down`: between two attempts. `hard`: the end of the last good."""

    fresh: float
    cool_down: float
    hard: float


class Fetched(Generic[T]):
    """The document that `load` gets. `load` raises FetchError for whatever is not a good one."""

    def __init__(self, load: Callable[[], Awaitable[T]], monotonic: Callable[[], float], ages: Ages) -> None:
        self._load = load
        self._now = monotonic
        self._ages = ages
        self._value: T | None = None
        self._good: float | None = None
        self._tried: float | None = None
        self._loading: asyncio.Task[None] | None = None
        self.error: str | None = None
        """Why the last attempt failed, in words that hold nothing of what the server sent."""

    async def get(self) -> T | None:
        """The document; None if there is none that counts. Asks if it is not fresh, but not within the cool-down."""
        if not self._is_fresh():
            if self._loading is None and self._is_cool():
                self._start()
            if self._loading is not None:
                await asyncio.wait([self._loading])
        return self.usable()

    async def refresh(self) -> T | None:
        """Ask now, whatever the clocks say; for operators."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
        if self._loading is None:
            self._start()
        if self._loading is not None:
            await asyncio.wait([self._loading])
        return self.usable()

    def usable(self) -> T | None:
        """The last good document, while it counts."""
        return self._value if self._good is not None and self._now() - self._good < self._ages.hard else None

    @property
    def age(self) -> float | None:
        """Seconds since the last good answer."""
        return None if self._good is None else self._now() - self._good

    @property
    def state(self) -> State:
        if self.usable() is None:
            return "unused" if self._tried is None else "refused"
        return "good" if self.error is None and self._is_fresh() else "stale"

    def cancel(self) -> None:
        """End what is under way."""
        if self._loading is not None:
            self._loading.cancel()

    def _is_fresh(self) -> bool:
        return self._good is not None and self._now() - self._good < self._ages.fresh

    def _is_cool(self) -> bool:
        return self._tried is None or self._now() - self._tried >= self._ages.cool_down

    def _start(self) -> None:
        self._loading = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            self._value = await self._load()
            self._good, self.error = self._now(), None
        except FetchError as failure:
            self.error = str(failure)
        finally:
            self._tried = self._now()
            self._loading = None
