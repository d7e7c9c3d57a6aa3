"""What must not be erased now, whoever asks: a legal hold (GDPR Art 17(3)(b) and (e))."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.ids import PersonId
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing about a person is erased from `since` on. `id` is the person's. `ground`: by whose order and why.

    `until`: None for as long as nobody lifts it. `lifted`: when somebody did.
    """

    KIND: ClassVar[str] = "hold"
    id: PersonId
    version: int = 1
    ground: str
    since: Seconds
    until: Seconds | None = None
    lifted: Seconds | None = None

    def stands(self, now: Seconds) -> bool:
        """Does it hold at `now`?"""
        return self.lifted is None and (self.until is None or now < self.until)
