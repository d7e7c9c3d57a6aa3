"""Where in a file may the records of a region be? (SAM specification section 5, CSIv1)

BAI, CSI and TBI are one idea: a record lies in the smallest bin that holds all of it, and for each bin the index
lists the chunks (pairs of virtual offsets) with its records. What is not in one of a region's bins cannot overlap it.
A whole genome has 200,000 bins: they are kept as sorted arrays over the index's own bytes, and read when asked for.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

from broker.core.htsget.bgzf import VirtualRange

_CHUNK = Struct("<QQ")
_OFFSET = Struct("<Q")


def apart(regions: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bases, in order, each once: regions that overlap or touch are one."""
    found: list[tuple[int, int]] = []
    for first, end in sorted(regions):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """The bins of one reference sequence, sorted by number, and where their chunks are in the index."""

    bins: "array[int]"
    chunks_at: "array[int]"
    chunks: "array[int]"
    """How many each has."""
    least: "array[int]"
    """CSI: the smallest offset of a record that overlaps the bin's beginning. Otherwise empty."""
    windows_at: int = 0
    windows: int = 0
    """BAI and TBI: the same for each window of 16 KiB."""


NOTHING = Reference(array("I"), array("Q"), array("I"), array("Q"))
"""A sequence without records: all of them are this one."""

OF_BIN, OF_REFERENCE = 32, 512
"""About how many bytes one takes in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinIndex:
    """An index. `shift` and `depth`: the smallest bins are 2^shift bases wide, `depth` levels below the largest."""

    data: bytes
    shift: int
    depth: int
    references: Sequence[Reference]
    names: Mapping[str, int]
    """Of TBI and of CSI for VCF: which sequence has which number. Otherwise the file's header says it."""
    placed_end: int
    """Virtual offset behind the last record that has a place; unplaced ones follow."""

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return len(self.data) + sum(
            OF_BIN * len(one.bins) + OF_REFERENCE for one in self.references if one is not NOTHING
        )

    def chunks(self, reference: int, *regions: tuple[int, int]) -> Iterator[VirtualRange]:
        """Where records may be that overlap bases `first`..`end` of a region (0-based, half open). Not sorted.

        Each bin is read once, however many of the regions it holds: it costs no more than the index has.
        """
        if not 0 <= reference < len(self.references):
            return
        one, behind_all = self.references[reference], 1 << (self.shift + 3 * self.depth)
        wanted = dict[int, int]()
        for first, end in apart(regions):
            if first < min(end, behind_all):
                least = self._least(one, first)
                for index in self._bins(one, first, min(end, behind_all)):
                    wanted[index] = min(least, wanted.get(index, least))
        for index, least in wanted.items():
            at = one.chunks_at[index]
            for begin, behind in _CHUNK.iter_unpack(self.data[at : at + _CHUNK.size * one.chunks[index]]):
                if behind > least:
                    yield VirtualRange(max(begin, least), behind)

    def _bins(self, one: Reference, first: int, end: int) -> Iterator[int]:
        """Indexes of the bins that may hold such records: on each level those side by side."""
        begins, shift = 0, self.shift + 3 * self.depth
        for level in range(self.depth + 1):
            low = bisect_left(one.bins, begins + (first >> shift))
            high = bisect_right(one.bins, begins + ((end - 1) >> shift), lo=low)
            yield from range(low, high)
            begins += 1 << (3 * level)
            shift -= 3

    def _least(self, one: Reference, first: int) -> int:
        """No record that overlaps `first` or what follows begins before this offset."""
        if one.windows:
            window = min(first >> self.shift, one.windows - 1)
            return int(_OFFSET.unpack_from(self.data, one.windows_at + _OFFSET.size * window)[0])
        return self._least_of_bins(one, first) if one.least else 0

    def _least_of_bins(self, one: Reference, first: int) -> int:
        """The offset of the bin of `first`; where it has none, of one to its left, or of one that holds it."""
        number = ((1 << (3 * self.depth)) - 1) // 7 + (first >> self.shift)
        while number:
            index = bisect_left(one.bins, number)
            if index < len(one.bins) and one.bins[index] == number:
                return one.least[index]
            parent = (number - 1) >> 3
            number = number - 1 if number > (parent << 3) + 1 else parent
        return 0
