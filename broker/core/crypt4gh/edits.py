"""Which bytes of a plaintext does an edit list keep, and which list keeps given ranges? (Crypt4GH 1.0, section 4)

An edit list tells an honest reader what to leave out. It protects nothing: who has the header has the data key, and
with it every byte of every segment that they get.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from broker.core.crypt4gh.segments import PLAIN
from broker.core.ranges import Span


def kept(edits: Sequence[int] | None, size: int) -> tuple[Span, ...]:
    """The bytes of a plaintext of `size` bytes that a list keeps, in order; touching ones as one.

    The list says how much to discard and how much to keep in turn; after a last discard all the rest is kept. An
    empty list edits nothing. What it keeps beyond the end is not there.
    """
    if not edits:
        return _spans([(0, size)])
    at, found = 0, list[tuple[int, int]]()
    for place in range(0, len(edits), 2):
        at = min(at + edits[place], size)
        end = min(at + edits[place + 1], size) if place + 1 < len(edits) else size
        found.append((at, end))
        at = end
    return _spans(found)


def _spans(found: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """Half-open pieces as spans; nothing for empty ones."""
    spans: list[Span] = []
    for begin, end in found:
        if begin >= end:
            continue
        if spans and spans[-1].last + 1 == begin:
            spans[-1] = Span(spans[-1].first, end - 1)
        else:
            spans.append(Span(begin, end - 1))
    return tuple(spans)


def size_of(pieces: Iterable[Span]) -> int:
    """How many bytes these are."""
    return sum(one.length for one in pieces)


def within(pieces: Iterable[Span], wanted: Span) -> tuple[Span, ...]:
    """Where the bytes `wanted` of an edited plaintext are in the plaintext itself. ValueError: beyond its end."""
    found, passed = list[tuple[int, int]](), 0
    for piece in pieces:
        begin, end = max(wanted.first - passed, 0), min(wanted.last + 1 - passed, piece.length)
        found.append((piece.first + begin, piece.first + end))
        passed += piece.length
    if not 0 <= wanted.first <= wanted.last < passed:
        raise ValueError("beyond the end")
    return _spans(found)


def side_by_side(pieces: Iterable[Span]) -> list[list[Span]]:
    """Those, in order, that lie in the same segments or in neighbouring ones, together: they are read at once."""
    runs: list[list[Span]] = []
    for piece in pieces:
        if runs and piece.first // PLAIN <= runs[-1][-1].last // PLAIN + 1:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def edits_for(pieces: Sequence[Span]) -> tuple[tuple[Span, ...], tuple[int, ...]]:
    """For a file that holds only the segments of `pieces`: the runs of segments (by number), and the edit list.

    `pieces` are in order and disjoint. A segment that two of them share is there once.
    """
    runs, edits, gone, before = list[tuple[int, int]](), list[int](), 0, 0
    for piece in pieces:
        first, end = piece.first // PLAIN, piece.last // PLAIN + 1
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], end)
        else:
            gone += first - (runs[-1][1] if runs else 0)
            runs.append((first, end))
        begin = piece.first - gone * PLAIN
        edits += [begin - before, piece.length]
        before = begin + piece.length
    return tuple(Span(first, end - 1) for first, end in runs), tuple(edits)


def in_order(pieces: Sequence[Span]) -> bool:
    """Are these disjoint and in order?"""
    return all(one.last < other.first for one, other in pairwise(pieces))
