"""The only module that reads the wall clock."""

import time

from broker.core.time import Seconds


class SystemClock:
    """Whole seconds of the machine's clock."""

    def now(self) -> Seconds:
        return Seconds(int(time.time()))
