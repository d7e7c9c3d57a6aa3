"""core/htsget: what a huge index, or thousands of regions, may cost. Each limit is tried at n and at n + 1."""

import gzip
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.core.htsget import crai, index_files, plan
from broker.core.htsget.bgzf import VirtualRange
from broker.core.htsget.bins import NOTHING, OF_BIN, OF_REFERENCE
from broker.core.htsget.crai import read_containers
from broker.core.htsget.index_files import read_bins
from broker.core.htsget.plan import MAX_RANGES, joined
from broker.core.htsget.reading import MalformedError
from broker.core.ranges import Span
from tests.core.htsget.test_htsget_bins import Listed, bai, csi, records, sequence

MOST = 1 << 20
REGIONS = st.lists(st.tuples(st.integers(0, MOST), st.integers(0, MOST)).map(sorted).map(tuple), max_size=8)


def apart(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What they cover, each offset once."""
    found: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


@pytest.mark.row("HT-BOUNDS")
@example(listed=[(0, 300_000), (800_000, 1_000_000)], regions=[(0, 10), (900_000, 900_010)], kind="BAI")
@given(listed=records(MOST), regions=REGIONS, kind=st.sampled_from(["BAI", "CSI"]))
def test_many_regions_together_find_just_what_each_of_them_finds(
    listed: list[tuple[int, int]], regions: list[tuple[int, int]], kind: str
) -> None:
    by = sequence(listed, 14, 5)
    index = read_bins("BAI", bai(by)) if kind == "BAI" else read_bins("CSI", csi(14, 5, by))
    alone = [one for region in regions for one in index.chunks(0, region)]
    assert apart(index.chunks(0, *regions)) == apart(alone)


@given(
    slices=st.lists(st.tuples(st.integers(-2, 1), st.integers(0, 60), st.integers(1, 30)), max_size=8), regions=REGIONS
)
def test_so_they_do_in_a_cram(slices: list[tuple[int, int, int]], regions: list[tuple[int, int]]) -> None:
    lines = "".join(f"{one}\t{at}\t{span}\t{1000 * n}\t1\t1\n" for n, (one, at, span) in enumerate(slices))
    index, small = read_containers(gzip.compress(lines.encode(), mtime=0)), [(a % 90, b % 90) for a, b in regions]
    near = [(first, end) for first, end in small if first <= end]
    for reference in (-1, 0):
        alone = {span for region in near for span in index.spans(reference, 10**6, region)}
        assert not near or set(index.spans(reference, 10**6, *near)) == alone


@pytest.mark.row("HT-BOUNDS")
def test_thousands_of_regions_read_each_bin_once() -> None:
    by = sequence([(at, at + 40_000) for at in range(0, MOST, 500)], 14, 5)
    index = read_bins("BAI", bai(by))
    once = list(index.chunks(0, (0, MOST)))
    assert list(index.chunks(0, *[(0, MOST)] * 2_000)) == once
    scattered = list(index.chunks(0, *[(at, at + 1) for at in range(0, MOST, 600)]))
    assert len(scattered) <= len(once)
    line = "0\t1\t1000000\t7\t1\t1\n"
    spans = read_containers(gzip.compress(line.encode(), mtime=0)).spans(0, 99, *[(at, at + 1) for at in range(2_000)])
    assert list(spans) == [Span(7, 98)]


@pytest.mark.row("HT-BOUNDS")
@pytest.mark.parametrize("gap", [1, 1 << 20], ids=["near", "far apart"])
def test_however_much_an_index_lists_few_ranges_are_held(gap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MOST_HELD", 1_000)
    many = 40_000
    tracemalloc.start()
    try:
        found = joined(VirtualRange(at * gap << 16, (at * gap << 16) + 9) for at in range(many, 0, -1))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20, "all of them would take five times as much"
    assert len(found) <= MAX_RANGES
    assert (found[0].first, found[-1].end) == (gap << 16, (many * gap << 16) + 9)
    assert all(any(one.first <= at * gap << 16 < one.end for one in found) for at in (1, 7, many // 2, many - 1, many))


@pytest.mark.row("HT-BOUNDS")
@pytest.mark.parametrize("kind", ["BAI", "CSI"])
def test_the_tables_of_an_index_have_a_greatest_size(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Listed({number: [(1, 2)] for number in range(5)})
    given_bytes = bai(one, one) if kind == "BAI" else csi(14, 5, one, one)
    weight = 2 * OF_REFERENCE + 10 * OF_BIN
    monkeypatch.setattr(index_files, "MAX_TABLES", weight)
    assert len(read_bins(kind, given_bytes).references) == 2  # type: ignore[arg-type]
    monkeypatch.setattr(index_files, "MAX_TABLES", weight - 1)
    with pytest.raises(MalformedError, match="an index that is too large"):
        read_bins(kind, given_bytes)  # type: ignore[arg-type]


def test_sequences_without_records_take_no_room() -> None:
    index = read_bins("BAI", bai(*[Listed()] * 5_000))
    assert all(one is NOTHING for one in index.references)
    assert index.weight == len(index.data)
    assert list(index.chunks(4_999, (0, MOST))) == []


@pytest.mark.row("HT-BOUNDS")
def test_a_crai_has_a_greatest_number_of_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crai, "MAX_SLICES", 3)
    line = "0\t1\t10\t7\t1\t1\n"
    assert len(read_containers(gzip.compress(3 * line.encode(), mtime=0)).slices) == 3
    with pytest.raises(MalformedError, match="an index that is too large"):
        read_containers(gzip.compress(4 * line.encode(), mtime=0))
