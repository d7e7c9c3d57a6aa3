"""One at a time: whoever counts what there is before adding to it does so alone, or parallel calls pass the limit."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Alone(Protocol):
    """It holds within a process. Of several processes each may let one more through: a limit on what somebody may pile
    up bears that, and what must hold exactly is decided by the version of a row (StaleError).
    """

    def at(self, *what: str) -> AbstractAsyncContextManager[None]:
        """Nobody else is at `what` (of what it is, and whose) until this is left; who comes meanwhile waits."""
        ...
