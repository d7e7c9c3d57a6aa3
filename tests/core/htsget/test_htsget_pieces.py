"""core/htsget: whatever is cut out of a file is a file again, and holds what was asked for."""

import gzip
import zlib
from itertools import pairwise
from pathlib import Path

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.htsget import bgzf
from broker.core.htsget.bgzf import Piece, VirtualRange, cut, packed
from broker.core.htsget.plan import MAX_RANGES, MAX_SPAN, NEAR, divided, joined
from broker.core.htsget.reading import MalformedError, Reading
from broker.core.htsget.request import FORMATS, UNPLACED, Asked, Region, merge
from broker.core.ranges import Span
from tests import genomic
from tests.web.regions import files

contents = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=8)


def told(content: bytes, reading: Reading[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    try:
        span = next(reading)
        while True:
            span = reading.send(content[span.first : span.last + 1])
    except StopIteration as done:
        found: tuple[Piece, ...] = done.value
        return found


@given(contents, st.data())
def test_any_two_places_of_a_file_cut_out_just_what_is_between_them(blocks: list[bytes], data: st.DataObject) -> None:
    file, places = b"", list[tuple[int, int]]()
    for number, block in enumerate(blocks):
        before = sum(map(len, blocks[:number]))
        places += [(len(file) << 16 | inside, before + inside) for inside in range(len(block))]
        file += packed(block)
    places.append((len(file) << 16, sum(map(len, blocks))))
    one, other = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
    pieces = told(file + bgzf.EOF, cut(VirtualRange(one[0], other[0]), len(file)))
    made = b"".join(p if isinstance(p, bytes) else file[p.first : p.last + 1] for p in pieces)
    assert gzip.decompress(made) == b"".join(blocks)[one[1] : other[1]]
    whole = [p for p in pieces if isinstance(p, Span)]
    assert len(whole) <= 1
    assert sum(len(p) for p in pieces if isinstance(p, bytes)) <= 2 * (300 + 50), "only the ends are made anew"


def test_a_block_that_only_grows_is_stored_and_still_a_block() -> None:
    noise = bytes(n * n * 31 % 257 % 256 for n in range(70_000))
    assert gzip.decompress(packed(noise)) == noise
    assert bgzf.block(packed(noise)).data == noise[:0xFF00]


def damaged() -> list[bytes]:
    good = packed(b"some content that is long enough" * 3)
    longer = good[:16] + (len(good) + 5).to_bytes(2, "little") + good[18:]
    return [b"", good[:10], good[:-1], gzip.compress(b"x", mtime=0), longer, good[:-8] + b"\0\0\0\0" + good[-4:],
            good[:-4] + b"\1\0\0\0", good[:20] + b"\xff" + good[21:], good[:10] + b"\xff\xff" + good[12:]]  # fmt: skip


@pytest.mark.parametrize("given", damaged())
def test_what_is_no_block_is_not_taken_for_one(given: bytes) -> None:
    with pytest.raises(MalformedError):
        bgzf.block(given)


def test_a_block_that_inflates_beyond_its_limit_is_refused_without_inflating_it() -> None:
    with pytest.raises(MalformedError):
        bgzf.block(bomb())


def bomb() -> bytes:
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflating.compress(b"\0" * (40 << 20)) + deflating.flush()
    return bgzf.EOF[:16] + (len(body) + 25).to_bytes(2, "little") + body + b"\0" * 8


WRONG = [(5 << 16 | 1, 9 << 16), (0, 999 << 16), (0 | 50_000, 1 << 40), (0, 0 | 60_000)]


@pytest.mark.parametrize(("first", "end"), WRONG)
def test_an_offset_that_is_in_no_block_is_an_error_and_never_a_wrong_file(first: int, end: int) -> None:
    file = packed(b"a" * 100) + packed(b"b" * 100)
    with pytest.raises(MalformedError):
        told(file, cut(VirtualRange(first, end), len(file)))


virtual = st.lists(
    st.builds(
        lambda at, size: VirtualRange(at << 16, at + size << 16), st.integers(0, 1 << 30), st.integers(1, 1 << 18)
    ),
    max_size=300,
)


@given(virtual)
def test_joined_ranges_hold_all_of_them_lie_apart_and_are_not_too_many(given: list[VirtualRange]) -> None:
    found = joined(given)
    assert len(found) <= MAX_RANGES
    assert all(any(whole.first <= one.first and one.end <= whole.end for whole in found) for one in given)
    assert all((after.first >> 16) - (before.end >> 16) > NEAR for before, after in pairwise(found))
    assert {one.first for one in found} <= {one.first for one in given}


def test_of_too_many_ranges_the_widest_gaps_are_left_out() -> None:
    near = [VirtualRange(at << 16, at + 10 << 16) for at in range(0, 200 * 70_000, 70_000)]
    far = VirtualRange(1 << 50, 1 << 51)
    found = joined([*near, far])
    assert len(found) == MAX_RANGES
    assert found[-1] == far


def test_long_files_come_in_pieces_that_can_be_fetched_again() -> None:
    parts = divided([Span(7, 7 + 3 * MAX_SPAN)])
    assert [part for part in parts if isinstance(part, Span) and part.length > MAX_SPAN] == []
    assert (parts[0], parts[-1]) == (Span(7, 6 + MAX_SPAN), Span(7 + 3 * MAX_SPAN, 7 + 3 * MAX_SPAN))


regions = st.lists(
    st.builds(
        lambda name, one, other: Region(name, min(one, other), max(one, other) + 1),
        st.sampled_from([name for name, _ in genomic.CONTIGS]), st.integers(0, 61_000), st.integers(0, 61_000),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.mark.parametrize("which", list(files()))
@given(regions)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_joined_parts_are_a_valid_file_with_every_record_of_the_regions_once_and_in_order(
    tmp_path: Path, which: str, asked: list[Region]
) -> None:
    path, index = files()[which]
    assert_holds(tmp_path, path, index, asked)


@given(st.integers(60, 2_000), regions)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_does_not_matter_where_blocks_are_cut(tmp_path: Path, size: int, asked: list[Region]) -> None:
    path = genomic.reblocked(files()["BAM/BAI"][0], tmp_path / "blocks.bam", size)
    assert_holds(tmp_path, path, genomic.bam_index(path, "bai"), asked)


def assert_holds(folder: Path, path: Path, index: Path, asked: list[Region]) -> None:
    request = Asked(format="BAM", regions=merge(asked))
    _, made = genomic.answer_to(request, path, index)
    suffix = "".join(path.suffixes)
    (folder / f"made{suffix}").write_bytes(made)
    got, every = read(folder / f"made{suffix}"), read(path)
    remaining = iter(every)
    assert all(any(line == other for other in remaining) for line in got), "a record that is not next in the file"
    assert set(wanted(every, asked)) <= set(got)


def read(path: Path) -> list[str]:
    if ".vcf" in path.name or ".bcf" in path.name:
        with pysam.VariantFile(str(path)) as variants:
            return [str(record) for record in variants]
    with pysam.AlignmentFile(str(path), check_sq=False) as reads:
        return [record.to_string() for record in reads]


def wanted(lines: list[str], asked: list[Region]) -> list[str]:
    """Which of the records overlap one of the regions, by their text."""
    found = []
    for line in lines:
        fields = line.split("\t")
        if fields[1].isdigit() and len(fields[5]) and fields[2] in dict(genomic.CONTIGS):  # SAM
            name, start = fields[2], int(fields[3]) - 1
            end = start + pysam.AlignedSegment.from_dict(as_dict(fields), HEADER).reference_length
        else:
            name, start = fields[0], int(fields[1]) - 1
            end = start + 1
        found += [line] if any(one.reference == name and one.start < end and start < one.end for one in asked) else []
    return found


HEADER = pysam.AlignmentHeader.from_references(
    [name for name, _ in genomic.CONTIGS], [size for _, size in genomic.CONTIGS]
)
NAMES = (
    "name",
    "flag",
    "ref_name",
    "ref_pos",
    "map_quality",
    "cigar",
    "next_ref_name",
    "next_ref_pos",
    "length",
    "seq",
    "qual",
)


def as_dict(fields: list[str]) -> dict[str, object]:
    return dict(zip(NAMES, fields, strict=False)) | {"tags": fields[11:]}


@pytest.mark.parametrize("which", ["BAM/BAI", "BAM/BAI cut", "BAM/CSI", "CRAM/CRAI"])
def test_all_that_has_no_place_is_found(tmp_path: Path, which: str) -> None:
    path, index = files()[which]
    _, made = genomic.answer_to(Asked(format="BAM", regions=(Region(UNPLACED),)), path, index)
    (tmp_path / path.name).write_bytes(made)
    assert [line for line in read(tmp_path / path.name) if line.startswith("u")] == read(path)[-20:]


def test_every_format_is_tried() -> None:
    assert {which.partition("/")[0] for which in files()} == {one for formats in FORMATS.values() for one in formats}
