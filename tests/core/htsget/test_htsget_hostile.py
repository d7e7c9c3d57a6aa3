"""core/htsget: indexes and headers that are cut short, damaged or made to hurt."""

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.adapters.catalogue.genomic import layout_of
from broker.core.htsget.bgzf import EOF, packed
from broker.core.htsget.crai import ContainerIndex, read_containers
from broker.core.htsget.index_files import IndexKind, inflated, kind_of, read_bins
from broker.core.htsget.plan import Index, planned, wanted_ranges
from broker.core.htsget.reading import MalformedError
from broker.core.htsget.request import Asked, Region
from broker.core.outcome import Reason
from tests import genomic
from tests.web.regions import files

WHICH = ["BAM/BAI", "BAM/CSI", "VCF/TBI", "CRAM/CRAI"]


def plain(which: str) -> tuple[IndexKind, bytes]:
    given = files()[which][1].read_bytes()
    kind = kind_of(given)
    assert kind is not None
    return kind, given if kind == "BAI" else inflated(given)


def parsed(kind: IndexKind, data: bytes) -> Index:
    given = data if kind == "BAI" else gzip.compress(data, 1, mtime=0)
    return read_containers(given) if kind == "CRAI" else read_bins(kind, given)


@pytest.mark.parametrize("which", WHICH[:3])
def test_an_index_that_is_cut_short_anywhere_is_refused(which: str) -> None:
    kind, data = plain(which)
    end = len(data) - 8  # how many have no place may be left out
    for size in range(end):
        with pytest.raises(MalformedError):
            parsed(kind, data[:size])


@pytest.mark.parametrize("which", WHICH)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_index_is_refused_or_leads_to_whole_blocks_only(which: str, data: st.DataObject) -> None:
    kind, good = plain(which)
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    path = files()[which][0]
    layout = layout_of(path)
    try:
        index = parsed(kind, bytes(bad))
        ranges = wanted_ranges(Asked(format="BAM", regions=(Region("chr1", 0, 20_000), Region("chr2"))), layout, index)
        assert not isinstance(ranges, Reason) or which == "VCF/TBI", "names of a TBI are its own"
        if not isinstance(ranges, Reason):
            plan = genomic.fed(path, planned(ranges, layout))
            assert all(0 <= first <= last < path.stat().st_size for first, last in plan.ranges)
    except MalformedError:
        pass


COUNTS = [
    b"BAI\1" + struct.pack("<i", 2**31 - 1),
    b"BAI\1" + struct.pack("<i", -1),
    b"BAI\1" + struct.pack("<ii", 1, 2**31 - 1),
    b"BAI\1" + struct.pack("<iiIi", 1, 1, 0, -5),
    b"BAI\1" + struct.pack("<iiIi", 1, 1, 0, 2**31 - 1),
    b"BAI\1" + struct.pack("<iii", 1, 0, 2**31 - 1),
    b"BAI\1" + struct.pack("<iii", 1, 0, -1),
]


@pytest.mark.parametrize("given", COUNTS)
def test_a_count_that_cannot_be_costs_nothing(given: bytes) -> None:
    with pytest.raises(MalformedError):
        read_bins("BAI", given)


@pytest.mark.parametrize(("shift", "depth"), [(0, 5), (-1, 5), (31, 5), (14, -1), (14, 11), (14, 2**31 - 1)])
def test_bins_that_cannot_be_are_refused(shift: int, depth: int) -> None:
    with pytest.raises(MalformedError):
        read_bins("CSI", gzip.compress(b"CSI\1" + struct.pack("<iiii", shift, depth, 0, 0), mtime=0))


LINES = ["", "0\t1\t2\t3\t4", "0\t1\t2\t3\t4\t5\t6", "x\t1\t2\t3\t4\t5", "-3\t1\t2\t3\t4\t5", "0\t1\t2\t-3\t4\t5",
         "0\t1\t-2\t3\t4\t5", f"0\t1\t2\t{'9' * 30}\t4\t5", "0\t1\t2\té\t4\t5"]  # fmt: skip


@pytest.mark.parametrize("line", LINES[1:])
def test_a_line_that_is_none_spoils_a_crai(line: str) -> None:
    with pytest.raises(MalformedError):
        read_containers(gzip.compress(f"0\t1\t2\t30\t4\t5\n{line}\n".encode(), mtime=0))


def test_a_container_beyond_the_file_is_not_sent() -> None:
    index = read_containers(gzip.compress(b"0\t1\t2\t3000\t4\t5\n", mtime=0))
    assert isinstance(index, ContainerIndex)
    with pytest.raises(MalformedError):
        list(index.spans(0, 2000, (0, 10)))


@pytest.mark.parametrize("given", [b"", b"x", b"BAI\1"[:3], b"BAM\1", gzip.compress(b"abc", mtime=0)])
def test_what_is_no_index_is_known(given: bytes) -> None:
    assert kind_of(given) is None


@pytest.mark.parametrize(
    "given", [gzip.compress(b"x", mtime=0)[:-3], gzip.compress(b"x", mtime=0) + b"y", b"\x1f\x8bxx"]
)
def test_gzip_that_is_cut_short_or_followed_by_something_else_is_refused(given: bytes) -> None:
    with pytest.raises(MalformedError):
        inflated(given)


def test_an_index_that_inflates_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.core.htsget.index_files.MAX_INFLATED", 1 << 20)
    with pytest.raises(MalformedError):
        inflated(gzip.compress(b"\0" * (2 << 20), mtime=0))


def bam(*header: bytes) -> bytes:
    return packed(b"BAM\1" + b"".join(header)) + EOF


HEADERS = {
    "not a file": b"",
    "plain text": b"##fileformat=VCFv4.3\n#CHROM\n" * 3,
    "only gzip": gzip.compress(b"##fileformat=VCFv4.3\n#CHROM\tPOS\n", mtime=0),
    "no end of the header": packed(b"##fileformat=VCFv4.3\n##x") + EOF,
    "no line of columns": packed(b"##fileformat=VCFv4.3\nchr1\t1\n") + EOF,
    "another content": packed(b"something else") + EOF,
    "an endless text": bam(struct.pack("<i", 2**31 - 1)),
    "a negative text": bam(struct.pack("<i", -1)),
    "endless sequences": bam(struct.pack("<ii", 0, 2**31 - 1)),
    "an endless name": bam(struct.pack("<iii", 0, 1, 2**31 - 1)),
    "a name that is none": bam(struct.pack("<iii", 0, 1, 3), b"\xff\xff\0", struct.pack("<i", 1)),
    "BCF without a text": packed(b"BCF\2\2" + struct.pack("<i", 500)) + EOF,
    "CRAM 1": b"CRAM\1\0" + b"\0" * 60,
    "CRAM of nothing": b"CRAM\3\0" + b"\0" * 20,
    "CRAM with a header without end": b"CRAM\3\0" + b"\0" * 20 + struct.pack("<i", 2**31 - 1) + b"\0" * 80,
    "CRAM with many landmarks": b"CRAM\3\0" + b"\0" * 20 + struct.pack("<i", 5) + b"\0" * 7 + b"\xff" * 60,
}


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_is_none_is_refused(tmp_path: Path, case: str) -> None:
    (tmp_path / "file").write_bytes(HEADERS[case])
    with pytest.raises(MalformedError):
        layout_of(tmp_path / "file")


@pytest.mark.parametrize("which", ["BAM/BAI", "CRAM/CRAI", "VCF/TBI", "BCF/CSI"])
def test_a_file_that_is_cut_inside_its_header_is_refused(tmp_path: Path, which: str) -> None:
    content = files()[which][0].read_bytes()
    header = (layout_of(files()[which][0]).records.first >> 16) or 60
    for size in range(0, header, 7):
        (tmp_path / "file").write_bytes(content[:size])
        with pytest.raises(MalformedError):
            layout_of(tmp_path / "file")


def test_a_file_without_the_mark_of_its_end_gets_one(tmp_path: Path) -> None:
    path, index = files()["BAM/BAI cut"]
    bare = tmp_path / path.name
    bare.write_bytes(path.read_bytes().removesuffix(EOF))
    _, made = genomic.answer_to(Asked(format="BAM"), bare, index)
    _, right = genomic.answer_to(Asked(format="BAM"), path, index)
    assert made == right
