"""In which containers of a CRAM file are the records of a region? (CRAM specification section 12)

A .crai is lines of text in gzip, one for each slice and reference: sequence, start, span, where the container begins,
where the slice is in it, how long it is. Containers are sent whole: nothing smaller can be decoded.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from broker.core.htsget.bins import apart
from broker.core.htsget.index_files import inflated
from broker.core.htsget.reading import MalformedError
from broker.core.ranges import Span

MAX_SLICES: Final = 1_000_000
"""Slices of an index that is read: three times those of a file of 100 GB."""

_FIELDS = 6
_UNPLACED, _SEVERAL = -1, -2
_MAX_NUMBER = 19


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a container: bases `first`..`end` of `reference` (0-based, half open)."""

    reference: int
    first: int
    end: int
    container: int


@dataclass(frozen=True, slots=True)
class ContainerIndex:
    """Slices in the order of the index, and where containers begin, sorted."""

    slices: tuple[Slice, ...]
    containers: tuple[int, ...]

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return 200 * len(self.slices) + 64

    def spans(self, reference: int, behind: int, *regions: tuple[int, int]) -> Iterator[Span]:
        """The containers with records that may overlap a region. `reference` -1: unplaced ones; `behind`: where data
        end. Each slice is looked at once, however many regions there are.
        """
        wanted = apart(regions)
        ends = [end for _, end in wanted]
        for one in self.slices:
            if one.reference == _SEVERAL or (
                one.reference == reference and (reference == _UNPLACED or _overlaps(one, wanted, ends))
            ):
                yield self._container(one.container, behind)

    def _container(self, at: int, behind: int) -> Span:
        following = bisect_right(self.containers, at)
        end = self.containers[following] if following < len(self.containers) else behind
        if not at < end <= behind:
            raise MalformedError("an index with containers behind the end of the file")
        return Span(at, end - 1)


def _overlaps(one: Slice, regions: Sequence[tuple[int, int]], ends: Sequence[int]) -> bool:
    """`regions` apart from each other and in order, and where each ends."""
    at = bisect_right(ends, one.first)
    return at < len(regions) and regions[at][0] < one.end


def read_containers(given: bytes) -> ContainerIndex:
    """The index. MalformedError."""
    text = inflated(given)
    if text.count(b"\n") > MAX_SLICES:
        raise MalformedError("an index that is too large")
    try:
        lines = text.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise MalformedError("a CRAI index that is no text") from None
    slices = tuple(_slice(line) for line in lines if line)
    return ContainerIndex(slices, tuple(sorted({one.container for one in slices})))


def _slice(line: str) -> Slice:
    fields = line.split("\t")
    try:
        if len(fields) != _FIELDS or max(map(len, fields)) > _MAX_NUMBER:
            raise MalformedError("a CRAI index with a line that is none")
        reference, start, span, container = (int(field) for field in fields[:4])
    except ValueError:
        raise MalformedError("a CRAI index with a line that is none") from None
    if reference < _SEVERAL or container < 0 or span < 0:
        raise MalformedError("a CRAI index with a line that is none")
    first = max(0, start - 1)
    return Slice(reference, first, first + max(1, span), container)
