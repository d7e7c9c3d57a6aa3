"""core/htsget/bins.py and index_files.py: what an index says, held against the formulas of the specifications."""

import contextlib
import gzip
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget import index_files
from broker.core.htsget.bgzf import EOF, VirtualRange, packed
from broker.core.htsget.bins import BinIndex
from broker.core.htsget.crai import read_containers
from broker.core.htsget.index_files import IndexKind, inflated, kind_of, read_bins
from broker.core.htsget.layout import Layout
from broker.core.htsget.plan import Index, wanted_ranges
from broker.core.htsget.reading import MalformedError
from broker.core.htsget.request import UNPLACED, Asked, Region
from broker.core.outcome import Reason

Chunk = tuple[int, int]


@dataclass
class Listed:
    """One reference of an index: chunks by bin, windows (BAI, TBI) and the offset that goes with a bin (CSI)."""

    bins: Mapping[int, Sequence[Chunk]] = field(default_factory=dict)
    windows: Sequence[int] = ()
    least: Mapping[int, int] = field(default_factory=dict)


def chunks_of(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(struct.pack("<QQ", *chunk) for chunk in chunks)


def tabix_header(names: Sequence[str]) -> bytes:
    listed = b"".join(name.encode() + b"\0" for name in names)
    return struct.pack("<7i", 2, 1, 2, 0, 35, 0, len(listed)) + listed


def bai(*references: Listed, magic: bytes = b"BAI\1", header: bytes = b"") -> bytes:
    made = magic + struct.pack("<i", len(references)) + header
    for one in references:
        made += struct.pack("<i", len(one.bins))
        for number, chunks in one.bins.items():
            made += struct.pack("<Ii", number, len(chunks)) + chunks_of(chunks)
        made += struct.pack(f"<i{len(one.windows)}Q", len(one.windows), *one.windows)
    return made


def tbi(names: Sequence[str], *references: Listed) -> bytes:
    return packed(bai(*references, magic=b"TBI\1", header=tabix_header(names))) + EOF


def csi(shift: int, depth: int, *references: Listed, names: Sequence[str] | None = None) -> bytes:
    aux = tabix_header(names) if names is not None else b""
    made = b"CSI\1" + struct.pack("<iii", shift, depth, len(aux)) + aux + struct.pack("<i", len(references))
    for one in references:
        made += struct.pack("<i", len(one.bins))
        for number, chunks in one.bins.items():
            made += struct.pack("<IQi", number, one.least.get(number, 0), len(chunks)) + chunks_of(chunks)
    return gzip.compress(made, 1, mtime=0)


def bin_of(first: int, end: int, shift: int, depth: int) -> int:
    """reg2bin of the CSI specification."""
    level, offset = depth, ((1 << 3 * depth) - 1) // 7
    while level > 0:
        if first >> shift == end - 1 >> shift:
            return offset + (first >> shift)
        level, shift = level - 1, shift + 3
        offset -= 1 << 3 * level
    return 0


def bins_of(first: int, end: int, shift: int, depth: int) -> set[int]:
    """reg2bins of the CSI specification."""
    found, offset, width = set[int](), 0, shift + 3 * depth
    for level in range(depth + 1):
        found |= set(range(offset + (first >> width), offset + (end - 1 >> width) + 1))
        offset, width = offset + (1 << 3 * level), width - 3
    return found


Record = tuple[int, int]
"""First base and end. The one at place n of a list lies at virtual offsets n << 16 to (n + 1) << 16."""
WIDTH = 1 << 14


def records(most: int) -> st.SearchStrategy[list[Record]]:
    made = st.builds(lambda at, size: (at, min(at + size, most)), st.integers(0, most - 1), st.integers(1, most))
    near = st.builds(lambda at, size: (at, min(at + size, most)), st.integers(0, most - 1), st.integers(1, 9))
    return st.lists(st.one_of(near, made), max_size=12).map(sorted)


def sequence(records: list[Record], shift: int, depth: int) -> Listed:
    """What a writer of indexes makes of them."""
    bins = dict[int, list[Chunk]]()
    for at, one in enumerate(records):
        bins.setdefault(bin_of(*one, shift, depth), []).append((at << 16, at + 1 << 16))
    number = max((end - 1 >> shift for _, end in records), default=-1) + 1
    windows = [
        next((at << 16 for at, (first, end) in enumerate(records) if end > window << shift), len(records) << 16)
        for window in range(number)
    ]
    least = {one: windows[_first_base(one, shift, depth) >> shift] for one in bins}
    return Listed(bins, windows, least)


def _first_base(number: int, shift: int, depth: int) -> int:
    level, offset = 0, 0
    while number >= offset + (1 << 3 * level):
        offset, level = offset + (1 << 3 * level), level + 1
    return number - offset << shift + 3 * (depth - level)


def held(found: Iterable[VirtualRange], records: list[Record]) -> list[Record]:
    ranges = list(found)
    return [
        one
        for at, one in enumerate(records)
        if any(each.first <= at << 16 and at + 1 << 16 <= each.end for each in ranges)
    ]


def overlapping(records: list[Record], first: int, end: int) -> set[Record]:
    return {one for one in records if one[0] < end and first < one[1]}


@given(records(300_000), st.integers(0, 300_000), st.integers(0, 300_000))
def test_bai_finds_what_its_bins_and_windows_say_and_nothing_else(listed: list[Record], one: int, other: int) -> None:
    first, end = sorted((one, other))
    by = sequence(listed, 14, 5)
    found = list(read_bins("BAI", bai(Listed(), by)).chunks(1, (first, end)))
    if first == end:
        assert found == []
        return
    least = by.windows[min(first >> 14, len(by.windows) - 1)] if by.windows else 0
    every = [chunk for number in by.bins if number in bins_of(first, end, 14, 5) for chunk in by.bins[number]]
    assert sorted(found) == sorted(VirtualRange(max(begin, least), behind) for begin, behind in every if behind > least)
    assert overlapping(listed, first, end) <= set(held(found, listed))


@given(st.sampled_from([(14, 5), (4, 3), (1, 1), (10, 0), (3, 6)]), st.data())
def test_csi_of_any_depth_finds_every_record_and_only_bins_that_may_hold_some(
    shape: tuple[int, int], data: st.DataObject
) -> None:
    shift, depth = shape
    most = 1 << shift + 3 * depth
    listed = data.draw(records(most))
    first, end = sorted((data.draw(st.integers(0, most)), data.draw(st.integers(0, 2 * most))))
    by = sequence(listed, shift, depth)
    found = list(read_bins("CSI", csi(shift, depth, by)).chunks(0, (first, end)))
    assert overlapping(listed, first, end) <= set(held(found, listed))
    allowed = bins_of(first, min(end, most), shift, depth) if first < min(end, most) else set[int]()
    assert {one for one in held(found, listed) if bin_of(*one, shift, depth) not in allowed} == set()


ONE = Listed(
    {0: [(1 << 16, 5 << 16)], 4681: [(10, 20), (30, 40)], 4682: [(50, 60)], 37450: [(7, 90), (3, 2)]}, [12, 35]
)


@pytest.mark.parametrize(
    ("first", "end", "found"),
    [
        (0, 1, [(1 << 16, 5 << 16), (12, 20), (30, 40)]),
        (WIDTH - 1, WIDTH + 1, [(1 << 16, 5 << 16), (12, 20), (30, 40), (50, 60)]),
        (WIDTH, WIDTH + 1, [(1 << 16, 5 << 16), (50, 60)]),
        (5 * WIDTH, 6 * WIDTH, [(1 << 16, 5 << 16)]),
        (1 << 29, (1 << 29) + 5, []),
        (5, 5, []),
    ],
)
def test_which_chunks_of_a_bai_are_read(first: int, end: int, found: list[Chunk]) -> None:
    index = read_bins("BAI", bai(ONE))
    assert list(index.chunks(0, (first, end))) == [VirtualRange(*one) for one in found]
    assert [list(index.chunks(number, (first, end))) for number in (-1, 1, 99)] == [[], [], []]


@pytest.mark.parametrize(
    ("first", "least"),
    [(0, 0), (16, 9), (32, 9), (40, 9), (64, 30), (70, 30), (127, 40), (128, 7), (136, 7), (256, 55), (511, 55)],
)
def test_where_a_csi_has_no_bin_one_to_the_left_says_where_to_begin(first: int, least: int) -> None:
    """Bins 9 to 72 are 16 bases wide, 1 to 8 eight times that; where the first in a row of eight is missing, theirs."""
    chunks = [(0, 1 << 40)]
    by = Listed(
        bins={0: chunks, 1: [], 10: [], 13: [], 16: [], 3: [], 2: []},
        least={0: 0, 10: 9, 13: 30, 16: 40, 2: 7, 3: 55},
    )
    index = read_bins("CSI", csi(4, 2, by))
    assert [one.first for one in index.chunks(0, (first, 512))] == [least]


def test_an_index_is_as_wide_and_deep_as_its_format_says() -> None:
    found = read_bins("BAI", bai(ONE))
    assert (found.shift, found.depth, dict(found.names), len(found.references)) == (14, 5, {}, 1)
    found = read_bins("CSI", csi(9, 7, ONE, ONE))
    assert (found.shift, found.depth, dict(found.names), len(found.references)) == (9, 7, {}, 2)


def test_names_are_those_of_tabix_in_its_order() -> None:
    for found in (
        read_bins("TBI", tbi(["chr2", "é"], ONE, ONE)),
        read_bins("CSI", csi(14, 5, ONE, names=["chr2", "é"])),
    ):
        assert found.names == {"chr2": 0, "é": 1}
    assert read_bins("TBI", tbi([], ONE)).names == {}


PLACED = [
    (bai(Listed({5: [(1, 70), (2, 80)]}), Listed({5: [(3, 60)]})), 80),
    (bai(Listed({5: [(1, 70)], 37450: [(1, 90), (10, 1 << 40)]})), 90),
    (bai(Listed({5: []})), 0),
    (bai(), 0),
]


@pytest.mark.parametrize(("given_bytes", "end"), PLACED)
def test_what_has_no_place_begins_behind_the_last_that_has_one(given_bytes: bytes, end: int) -> None:
    """The bin that is none says where a reference ends in its first pair; its second counts records."""
    assert read_bins("BAI", given_bytes).placed_end == end


def test_an_index_weighs_what_it_holds() -> None:
    data = bai(ONE, Listed())
    assert read_bins("BAI", data).weight == len(data) + 32 * 4 + 512


@pytest.mark.parametrize("names", [b"chr1", b"\xff\0"])
def test_names_that_cannot_be_read_are_refused(names: bytes) -> None:
    aux = struct.pack("<7i", 2, 1, 2, 0, 35, 0, len(names)) + names
    data = b"TBI\1" + struct.pack("<i", 0) + aux
    if names.endswith(b"\0"):
        with pytest.raises(MalformedError, match="names that cannot be read"):
            read_bins("TBI", gzip.compress(data, mtime=0))
    else:
        assert read_bins("TBI", gzip.compress(data, mtime=0)).names == {}
    for size in (-1, len(names) + 1, 2**31 - 1):
        wrong = data[: 4 + 4 + 24] + struct.pack("<i", size) + names
        with pytest.raises(MalformedError):
            read_bins("TBI", gzip.compress(wrong, mtime=0))


TOLD = [
    ("BAI", b"CSI\1" + bytes(9), "not a BAI index"),
    ("CSI", gzip.compress(b"TBI\1" + bytes(99), mtime=0), "not a CSI index"),
    ("TBI", b"plain", "an index that is not gzip as it must be"),
    ("BAI", b"BAI\1\1", "an index that is cut short"),
    ("BAI", b"BAI\1" + struct.pack("<i", -1), "an index with a negative count"),
    ("CSI", gzip.compress(b"CSI\1" + struct.pack("<iii", 0, 5, 0), mtime=0), "an index with bins that cannot be"),
    ("CSI", gzip.compress(b"CSI\1" + struct.pack("<iii", 14, 5, -1), mtime=0), "an index with a negative count"),
    ("CSI", gzip.compress(b"CSI\1" + struct.pack("<iii", 14, 5, 20), mtime=0), "an index that is cut short"),
    ("TBI", gzip.compress(b"TBI\1" + struct.pack("<i", 1), mtime=0), "an index that is cut short"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given_bytes", "why"), TOLD)
def test_why_an_index_is_refused(kind: IndexKind, given_bytes: bytes, why: str) -> None:
    with pytest.raises(MalformedError) as refused:
        read_bins(kind, given_bytes)
    assert str(refused.value) == why


def test_an_index_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    given_bytes = bai(ONE)
    monkeypatch.setattr(index_files, "MAX_FILE", len(given_bytes))
    assert len(read_bins("BAI", given_bytes).references) == 1
    with pytest.raises(MalformedError, match="an index that is too large"):
        read_bins("BAI", given_bytes + b"\0")
    monkeypatch.setattr(index_files, "MAX_INFLATED", 100)
    assert inflated(packed(b"x" * 60) + packed(b"x" * 40)) == b"x" * 100
    with pytest.raises(MalformedError, match="an index that is too large when inflated"):
        inflated(packed(b"x" * 60) + packed(b"x" * 41))


KINDS = [
    (bai(), "BAI"), (tbi(["a"]), "TBI"), (csi(14, 5), "CSI"), (gzip.compress(b"", mtime=0), "CRAI"),
    (gzip.compress(b"0\t1\t2\t3\t4\t5\n", mtime=0), "CRAI"), (gzip.compress(b"-1\t0", mtime=0), "CRAI"),
    (gzip.compress(b"BAI\1", mtime=0), None), (gzip.compress(b"#", mtime=0), None), (b"BAI", None), (b"\x1f\x8b", "CRAI"),
]  # fmt: skip


@pytest.mark.parametrize(("given_bytes", "kind"), KINDS)
def test_which_kind_of_index_it_is(given_bytes: bytes, kind: str | None) -> None:
    assert kind_of(given_bytes) == kind


LAYOUT = Layout(format="VCF", references={"chr1": 0, "chr2": 1}, records=VirtualRange(100, 1 << 40))
ASKED = Asked(format="VCF", regions=(Region("chr1", 5, 40_000), Region("chr2"), Region(UNPLACED)))
any_number = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 1 << 41))
any_chunks = st.lists(st.tuples(any_number, any_number), max_size=4)
any_bin = st.one_of(st.integers(0, 40), st.integers(4681, 4690), st.just(37450), st.integers(0, 2**32 - 1))
any_sequence = st.builds(
    Listed, st.dictionaries(any_bin, any_chunks, max_size=6), st.lists(any_number, max_size=4),
    st.dictionaries(any_bin, any_number, max_size=3),
)  # fmt: skip
any_index = st.one_of(
    st.lists(any_sequence, max_size=3).map(lambda them: ("BAI", bai(*them))),
    st.lists(any_sequence, max_size=3).map(lambda them: ("TBI", tbi(["chr1", "chr1", "chr2"], *them))),
    st.builds(
        lambda shift, depth, them: ("CSI", csi(shift, depth, *them)),
        st.integers(-1, 31), st.integers(-1, 11), st.lists(any_sequence, max_size=3),
    ),
    st.tuples(st.sampled_from(["BAI", "TBI", "CSI"]), st.binary(max_size=200)),
    st.binary(max_size=200).map(lambda data: ("TBI", gzip.compress(b"TBI\1" + data, 1, mtime=0))),
    st.binary(max_size=200).map(lambda data: ("CSI", gzip.compress(b"CSI\1" + data, 1, mtime=0))),
    st.binary(max_size=200).map(lambda data: ("BAI", b"BAI\1" + data)),
)  # fmt: skip


def sane(index: Index) -> None:
    """Whatever it says, what is looked for lies inside the records, in order and apart."""
    found = wanted_ranges(ASKED, LAYOUT, index)
    if isinstance(found, Reason):
        assert found.code == "REQ-REFERENCE"
        return
    assert all(100 <= one.first < one.end <= 1 << 40 for one in found)
    assert list(found) == sorted(found)


@pytest.mark.row("HT-INDEX")
@given(any_index)
def test_whatever_an_index_says_it_is_refused_or_leads_inside_the_records(given_index: tuple[IndexKind, bytes]) -> None:
    try:
        index = read_bins(*given_index)
    except MalformedError:
        return
    assert isinstance(index, BinIndex)
    sane(index)


numbers = st.one_of(
    st.integers(-3, 50), st.integers(-(10**20), 10**20), st.sampled_from(["", "x", " 1", "+1", "1_0", "٣"])
)
crai_lines = st.lists(st.lists(numbers, min_size=5, max_size=7), max_size=6)


@pytest.mark.row("HT-INDEX")
@given(
    st.one_of(crai_lines.map(lambda them: "\n".join("\t".join(map(str, one)) for one in them).encode()), st.binary())
)
def test_whatever_a_crai_says_it_is_refused_or_leads_inside_the_records(text: bytes) -> None:
    with contextlib.suppress(MalformedError):
        sane(read_containers(gzip.compress(text, 1, mtime=0)))


@pytest.mark.row("HT-INDEX")
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda data: b"\x1f\x8b" + data)))
def test_whatever_is_given_for_an_index_is_of_some_kind_or_none(data: bytes) -> None:
    assert kind_of(data) in ("BAI", "TBI", "CSI", "CRAI", None)
    with contextlib.suppress(MalformedError):
        inflated(data)
