"""In which order, and in what blocks, does a filtered file leave?

In the order that its own records have, once some have moved and others are gone, and in full blocks: where those of
the stored file ended, and how its records were ordered, shows how much of it was somebody else's.
"""

from heapq import heappop, heappush
from typing import Final, NamedTuple, Protocol

from broker.core.htsget.bgzf import PAYLOAD, packed
from broker.core.htsget.reading import MalformedError

MAX_RECORD: Final = 64 << 20
"""Bytes of the longest record that is read, and of those that are held back for their order."""

NOTHING: Final = frozenset(b".,")
"""Characters of a value that says only that values are missing."""


class Left(NamedTuple):
    """What is left of one record."""

    place: int
    alleles: tuple[bytes, ...]
    data: bytes
    contig: bytes | int
    stored: int
    """The place at which the file had it: at or before `place`."""


class Filter(Protocol):
    """Takes people out of the records of one file: samples.py, bcf_samples.py."""

    def whole(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The whole records at the beginning of `data`, and what is left behind them. MalformedError."""
        ...

    def record(self, given: bytes, /) -> Left | None:
        """What is left of one record; None if nothing is. MalformedError."""
        ...


class Leaving:
    """The records of one answer, made as the file is read."""

    def __init__(self, by: Filter) -> None:
        self._by = by
        self._rest = b""
        self._ordered = Ordered()
        self._made = bytearray()

    def more(self, data: bytes) -> bytes:
        """The blocks that are full once `data` was read, which follows what was read before. MalformedError."""
        whole, self._rest = self._by.whole(self._rest + data)
        if len(self._rest) > MAX_RECORD:
            raise MalformedError("a record that does not end")
        for given in whole:
            left = self._by.record(given) if given else None
            for one in self._ordered.put(left) if left is not None else ():
                self._made += one
        full = len(self._made) // PAYLOAD * PAYLOAD
        ready = packed(bytes(self._made[:full]))
        del self._made[:full]
        return ready

    def pause(self) -> None:
        """What follows is of another part of the file. MalformedError: a record is cut short."""
        if self._rest:
            raise MalformedError("a record that is cut short")

    def end(self) -> bytes:
        """The last blocks."""
        for one in self._ordered.end():
            self._made += one
        return packed(bytes(self._made))


class Ordered:
    """Holds records back until none can come that belongs before them. Those of one place go by their alleles."""

    def __init__(self) -> None:
        self._held: list[tuple[int, tuple[bytes, ...], int, Left]] = []
        self._taken = 0
        self._size = 0

    def put(self, one: Left) -> list[bytes]:
        """Takes the file's next record; what belongs before it and all that follow. MalformedError: too many wait."""
        found = list[bytes]()
        while self._held and (self._held[0][0] < one.stored or self._held[0][-1].contig != one.contig):
            found.append(self._next())
        heappush(self._held, (one.place, one.alleles, self._taken, one))
        self._taken += 1
        self._size += len(one.data)
        if self._size > MAX_RECORD:
            raise MalformedError("too many records at one place")
        return found

    def end(self) -> list[bytes]:
        """All that are held."""
        return [self._next() for _ in range(len(self._held))]

    def _next(self) -> bytes:
        one = heappop(self._held)[-1]
        self._size -= len(one.data)
        return one.data
