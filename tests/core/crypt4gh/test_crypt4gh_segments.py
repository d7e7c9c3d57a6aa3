"""Bytes of the plaintext and bytes of the encrypted body: the arithmetic between them, and edit lists."""

from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.crypt4gh.edits import edits_for, in_order, kept, side_by_side, size_of, within
from broker.core.crypt4gh.segments import PLAIN, SEALED, plain_size, plain_span, sealed_size, sealed_span
from broker.core.ranges import Span

SIZES = st.integers(0, 4 * PLAIN) | st.sampled_from([0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 2 * PLAIN])

BODIES = [
    (0, 0), (29, 1), (SEALED, PLAIN), (SEALED + 29, PLAIN + 1), (2 * SEALED, 2 * PLAIN), (SEALED - 1, PLAIN - 1),
]  # fmt: skip


@pytest.mark.parametrize(("body", "plain"), BODIES)
def test_body_and_plaintext(body: int, plain: int) -> None:
    assert (plain_size(body), sealed_size(plain)) == (plain, body)


@given(size=SIZES)
def test_every_plaintext_has_a_body_of_its_length(size: int) -> None:
    assert plain_size(sealed_size(size)) == size


@pytest.mark.parametrize("rest", [1, 27, 28])
def test_a_body_that_is_cut_within_nonce_or_mac_is_none(rest: int) -> None:
    with pytest.raises(ValueError, match="cut off"):
        plain_size(SEALED + rest)


@given(size=st.integers(1, 4 * PLAIN), data=st.data())
def test_a_span_and_the_segments_that_hold_it(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    sealed = sealed_span(Span(first, last), size)
    assert sealed.first % SEALED == 0
    assert sealed.last == sealed_size(size) - 1 or (sealed.last + 1) % SEALED == 0
    again = plain_span(sealed, size)
    assert again.first <= first <= last <= again.last
    assert again.first > first - PLAIN
    assert again.last < last + PLAIN


def edited(plain: bytes, edits: tuple[int, ...] | None) -> bytes:
    """The standard's own words (section 4.1), byte by byte: discard and keep in turn, the rest after a last discard."""
    if not edits:
        return plain
    out, at = b"", 0
    for place, length in enumerate(edits):
        if place % 2:
            out += plain[at : at + length]
        at += length
    return out + (plain[at:] if len(edits) % 2 else b"")


LISTS = st.none() | st.lists(st.integers(0, 40) | st.just(2**64 - 1), max_size=9).map(tuple)


@given(plain=st.binary(max_size=120), edits=LISTS)
def test_what_is_kept_is_what_the_standard_says(plain: bytes, edits: tuple[int, ...] | None) -> None:
    pieces = kept(edits, len(plain))
    assert b"".join(plain[one.first : one.last + 1] for one in pieces) == edited(plain, edits)
    assert in_order(pieces)


@given(plain=st.binary(min_size=1, max_size=120), edits=LISTS, data=st.data())
def test_a_range_of_what_is_kept_is_found_in_the_plaintext(
    plain: bytes, edits: tuple[int, ...] | None, data: st.DataObject
) -> None:
    pieces = kept(edits, len(plain))
    size = size_of(pieces)
    if size == 0:
        return
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    found = within(pieces, Span(first, last))
    whole = edited(plain, edits)
    assert b"".join(plain[one.first : one.last + 1] for one in found) == whole[first : last + 1]
    with pytest.raises(ValueError, match="beyond"):
        within(pieces, Span(first, size))


def test_the_example_of_the_standard() -> None:
    """Section 4.2: three ranges of a file, and the list that keeps them among the segments that hold them."""
    pieces = (Span(0, 7852), Span(79574, 387502), Span(438802, 438839))
    assert kept((0, 7853, 71721, 307929, 51299, 38), 500_000) == pieces
    assert edits_for(pieces) == ((Span(0, 6),), (0, 7853, 71721, 307929, 51299, 38))


PLACES = array("I", range(6 * PLAIN))
"""A plaintext in which no two places are alike."""


def cut(plain: "array[int]", pieces: Sequence[Span]) -> "array[int]":
    found = array("I")
    for one in pieces:
        found += plain[one.first : one.last + 1]
    return found


@st.composite
def chosen(draw: st.DrawFn) -> tuple[int, tuple[Span, ...]]:
    size = draw(st.integers(1, 6 * PLAIN))
    near = st.integers(0, size - 1) | st.sampled_from(range(0, size, PLAIN // 2))
    cuts = sorted(draw(st.sets(near, min_size=2, max_size=8)))
    return size, tuple(Span(first, last - 1) for first, last in zip(cuts[::2], cuts[1::2], strict=False))


@given(case=chosen())
def test_a_list_for_ranges_keeps_just_these_of_the_segments_that_are_sent(case: tuple[int, tuple[Span, ...]]) -> None:
    size, pieces = case
    plain = PLACES[:size]
    runs, edits = edits_for(pieces)
    assert in_order(runs)
    sent = cut(plain, [Span(run.first * PLAIN, (run.last + 1) * PLAIN - 1) for run in runs])
    assert cut(sent, kept(edits, len(sent))) == cut(plain, pieces)
    assert len(runs) <= len(pieces)


KEPT: list[tuple[tuple[int, ...], tuple[tuple[int, int], ...]]] = [
    ((5, 0, 5, 5), ((10, 14),)),  # nothing is kept, then something
    ((0, 0), ()),
    ((0, 5, 0, 5), ((0, 9),)),  # touching
    ((0, 5, 1, 5), ((0, 4), (6, 10))),
    ((0, 5, 0, 5, 2), ((0, 9), (12, 19))),
    ((20, 1), ()),
]


@pytest.mark.parametrize(("edits", "pieces"), KEPT, ids=str)
def test_what_is_kept_of_twenty_bytes(edits: tuple[int, ...], pieces: tuple[tuple[int, int], ...]) -> None:
    assert kept(edits, 20) == tuple(Span(*one) for one in pieces)


THREE = (Span(0, 4), Span(10, 14), Span(20, 29))


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        (0, 19, THREE),
        (6, 12, (Span(11, 14), Span(20, 22))),
        (4, 5, (Span(4, 4), Span(10, 10))),
        (12, 12, (Span(22, 22),)),
        (0, 0, (Span(0, 0),)),
    ],
)
def test_where_a_range_of_three_pieces_is(first: int, last: int, there: tuple[Span, ...]) -> None:
    assert within(THREE, Span(first, last)) == there


def test_segments_that_nobody_asked_for_are_left_out_each_time() -> None:
    apart = [Span(n * PLAIN, n * PLAIN + 9) for n in (1, 3, 6)]
    assert edits_for(apart) == ((Span(1, 1), Span(3, 3), Span(6, 6)), (0, 10, PLAIN - 10, 10, PLAIN - 10, 10))
    neighbours = [Span(2 * PLAIN - 1, 2 * PLAIN - 1), Span(2 * PLAIN, 2 * PLAIN)]
    assert edits_for(neighbours) == ((Span(1, 2),), (PLAIN - 1, 1, 0, 1))


@pytest.mark.parametrize(
    ("pieces", "ordered"),
    [
        ([], True),
        ([Span(0, 4), Span(5, 9)], True),
        ([Span(0, 4), Span(4, 9)], False),
        ([Span(5, 9), Span(0, 4)], False),
        ([Span(0, 1), Span(4, 9), Span(2, 3)], False),
    ],
    ids=str,
)
def test_pieces_are_in_order_where_each_ends_before_the_next_begins(pieces: list[Span], *, ordered: bool) -> None:
    assert in_order(pieces) is ordered


@pytest.mark.parametrize(
    ("first", "last", "begin", "end"),
    [
        (0, 0, 0, SEALED),
        (PLAIN - 1, PLAIN - 1, 0, SEALED),
        (PLAIN - 1, PLAIN, 0, 2 * SEALED),
        (PLAIN, 2 * PLAIN - 1, SEALED, 2 * SEALED),
        (2 * PLAIN, 2 * PLAIN + 9, 2 * SEALED, 2 * SEALED + 38),
    ],
)
def test_which_segments_of_three_hold_a_span(first: int, last: int, begin: int, end: int) -> None:
    """The last of them has ten bytes."""
    size = 2 * PLAIN + 10
    assert sealed_span(Span(first, last), size) == Span(begin, end - 1)
    whole = Span(begin // SEALED * PLAIN, min(-(-end // SEALED) * PLAIN, size) - 1)
    assert plain_span(Span(begin, end - 1), size) == whole


P = PLAIN
TOGETHER: list[tuple[list[list[tuple[int, int]]], str]] = [
    ([], "nothing"),
    ([[(0, 0)]], "one"),
    ([[(0, 0), (2, 2), (P - 1, P - 1)]], "in one segment"),
    ([[(0, 0), (P, P)]], "in neighbours"),
    ([[(0, 0)], [(2 * P, 2 * P)]], "with a segment between them"),
    ([[(0, 0)], [(2 * P, 2 * P), (3 * P, 3 * P)], [(6 * P, 6 * P)]], "apart and together"),
    ([[(0, 2 * P), (3 * P, 3 * P)], [(5 * P, 5 * P)]], "behind a long one"),
    ([[(0, P), (P + 2, 2 * P), (3 * P, 3 * P)]], "each beside the one before"),
]


@pytest.mark.parametrize(("runs", "name"), TOGETHER, ids=[name for _, name in TOGETHER])
def test_which_pieces_are_read_at_once(runs: list[list[tuple[int, int]]], name: str) -> None:
    del name
    wanted = [[Span(*piece) for piece in run] for run in runs]
    assert side_by_side(piece for run in wanted for piece in run) == wanted
