"""Which pieces of a file answer a request? Together they are a whole, valid file with every record that was asked for.

Header, ranges in the order of the file, marker of the end: what the client joins is a file of its own, which may hold
more records than asked for and never fewer. Ranges that lie near each other become one: a request costs more than
the bytes between them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from broker.core.htsget.bgzf import Piece, VirtualRange, cut, packed
from broker.core.htsget.bins import BinIndex
from broker.core.htsget.crai import ContainerIndex
from broker.core.htsget.layout import Layout
from broker.core.htsget.reading import Reading
from broker.core.htsget.request import UNPLACED, Asked, Region
from broker.core.outcome import Reason
from broker.core.ranges import Span

Index = BinIndex | ContainerIndex

MAX_RANGES: Final = 64
"""Ranges of one answer: each may have two blocks that are cut and sent inside the ticket."""

NEAR: Final = 64 << 10
"""Bytes of the file that are sent rather than left out between two ranges."""

MOST_HELD: Final = 1 << 16
"""Ranges that are held at once while they are looked for: some ten megabytes, whatever an index lists."""

MAX_INLINE: Final = 1 << 20
"""Bytes of a header that are sent inside the ticket; a longer one is fetched like the rest."""

MAX_SPAN: Final = 1 << 30
"""Bytes that one address gives; more are given by several (Reliability & performance considerations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a client has to join: `header`, then `body`. Bytes are sent inside the ticket, spans are fetched."""

    header: tuple[Piece, ...]
    body: tuple[Piece, ...]

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """What is fetched from the file (first, last), apart from each other and in order."""
        found: list[tuple[int, int]] = []
        for piece in (*self.header, *self.body):
            if isinstance(piece, Span) and found and found[-1][1] + 1 == piece.first:
                found[-1] = (found[-1][0], piece.last)
            elif isinstance(piece, Span):
                found.append((piece.first, piece.last))
        return tuple(found)

    @property
    def inline(self) -> int:
        """How many bytes the ticket itself holds."""
        return sum(len(piece) for piece in (*self.header, *self.body) if isinstance(piece, bytes))

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        return self.inline + 200 * (len(self.header) + len(self.body)) + 500


def wanted_ranges(asked: Asked, layout: Layout, index: Index) -> tuple[VirtualRange, ...] | Reason:
    """Where in the file the records are that may be asked for, apart from each other and in order.

    REQ-REFERENCE for a sequence that neither the header nor the index knows. MalformedError for a broken index.
    """
    if asked.header_only:
        return ()
    if asked.regions is None:
        return joined([layout.records])
    wanted: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for region in asked.regions:
        number = _number(region, layout, index)
        if number is None:
            return Reason(code="REQ-REFERENCE", facts=(("reference", region.reference),))
        wanted.setdefault((region.reference, number), []).append((region.start, region.end))
    found = chain.from_iterable(_ranges(*named, regions, layout, index) for named, regions in wanted.items())
    inside = (_inside(one, layout.records) for one in found)
    return joined(one for one in inside if one.first < one.end)


def planned(ranges: Sequence[VirtualRange], layout: Layout) -> Reading[Plan]:
    """The pieces; reads the header if it is short, and the blocks that are cut. MalformedError."""
    end = layout.records.end >> 16
    header: list[Piece] = []
    for piece in (yield from cut(layout.header, end)):
        if isinstance(piece, Span) and piece.length <= MAX_INLINE:
            header.append((yield piece))
        else:
            header.append(piece)
    body: list[Piece] = []
    for one in ranges:
        body += yield from cut(one, end)
    return Plan(header=divided(header), body=divided([*body, layout.eof]))


def planned_filtered(header: bytes, layout: Layout) -> Plan:
    """What the ticket for a filtered file holds: its new header, and the end. What is between is made on its way."""
    return Plan(header=(packed(header),), body=(layout.eof,))


def _number(region: Region, layout: Layout, index: Index) -> int | None:
    """The sequence's number, -1 for one that is known and has no records; None: not known."""
    if region.reference == UNPLACED:
        return -1
    if isinstance(index, BinIndex) and region.reference in index.names:
        return index.names[region.reference]
    return layout.references.get(region.reference)


def _ranges(
    reference: str, number: int, regions: Iterable[tuple[int, int]], layout: Layout, index: Index
) -> Iterable[VirtualRange]:
    if isinstance(index, BinIndex):
        if reference == UNPLACED:
            return [VirtualRange(index.placed_end, layout.records.end)]
        return index.chunks(number, *regions)
    spans = index.spans(number, layout.records.end >> 16, *regions)
    return (VirtualRange(span.first << 16, span.last + 1 << 16) for span in spans)


def _inside(one: VirtualRange, records: VirtualRange) -> VirtualRange:
    return VirtualRange(max(one.first, records.first), min(one.end, records.end))


def joined(ranges: Iterable[VirtualRange]) -> tuple[VirtualRange, ...]:
    """In order, apart from each other; those that are near become one, and of many the nearest.

    Of however many there are no more than `MOST_HELD` are held at once.
    """
    held: list[VirtualRange] = []
    for one in ranges:
        held.append(one)
        if len(held) == MOST_HELD:
            held = _apart(held)
            held = held if len(held) <= MOST_HELD // 2 else _fewest(held)
    return tuple(_fewest(_apart(held)))


def _apart(ranges: list[VirtualRange]) -> list[VirtualRange]:
    """Those that are near become one."""
    apart: list[VirtualRange] = []
    for one in sorted(ranges):
        if apart and (one.first >> 16) - (apart[-1].end >> 16) <= NEAR:
            apart[-1] = VirtualRange(apart[-1].first, max(apart[-1].end, one.end))
        else:
            apart.append(one)
    return apart


def _fewest(apart: list[VirtualRange]) -> list[VirtualRange]:
    """Of too many, with the widest gaps between them left out."""
    if len(apart) <= MAX_RANGES:
        return apart
    gaps = sorted(range(1, len(apart)), key=lambda at: apart[at - 1].end - apart[at].first)[: MAX_RANGES - 1]
    starts = [0, *sorted(gaps), len(apart)]
    return [VirtualRange(apart[begin].first, apart[behind - 1].end) for begin, behind in pairwise(starts)]


def divided(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbouring bytes as one piece, and long spans as several."""
    made: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Span):
            made += (
                Span(at, min(at + MAX_SPAN - 1, piece.last)) for at in range(piece.first, piece.last + 1, MAX_SPAN)
            )
        elif made and isinstance(made[-1], bytes):
            made[-1] += piece
        else:
            made.append(piece)
    return tuple(made)
