"""The only module that draws random bytes."""

import os
from collections.abc import Callable
from time import monotonic

_TICKS, _ORDER = 4_096, 0xFFF


class SystemEntropy:
    """The operating system's generator. `steady`: a clock that never goes back, in seconds."""

    def __init__(self, steady: Callable[[], float] = monotonic) -> None:
        self._steady = steady

    def random(self, nbytes: int) -> bytes:
        return os.urandom(nbytes)

    def for_id(self) -> bytes:
        """Twelve bits for the part of a second that has passed (RFC 9562 section 6.2, method 3), the rest random.

        Rows that are stored together so lie side by side in their tables: thousands in one second would otherwise each
        touch a page of its own. No counter, which would tell how many others were made in between.
        """
        return (int(self._steady() * _TICKS) & _ORDER).to_bytes(2, "big") + os.urandom(8)
