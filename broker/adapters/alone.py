"""ports.Alone, as locks of this process."""

import asyncio
from weakref import WeakValueDictionary


class Locks:
    """A lock for each thing at which somebody is or waits, and for no other."""

    def __init__(self) -> None:
        self._held: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    def at(self, *what: str) -> asyncio.Lock:
        return self._held.setdefault(what, asyncio.Lock())
