"""core/htsget/crai.py: which containers of a CRAM file a region needs, by the lines of its index."""

import gzip

import pytest

from broker.core.htsget.crai import ContainerIndex, Slice, read_containers
from broker.core.htsget.reading import MalformedError
from broker.core.ranges import Span


def index(*lines: str) -> ContainerIndex:
    """Of lines `reference start span container`."""
    text = "".join("\t".join([*line.split(), "1", "1"]) + "\n" for line in lines)
    return read_containers(gzip.compress(text.encode(), mtime=0))


LINES = index("0 101 100 1000", "0 201 100 2000", "1 1 10 2000", "-2 0 0 3000", "-1 0 0 4000")
"""Bases 100..200 and 200..300 of sequence 0, 0..10 of 1, several sequences, and what has no place."""
SEVERAL = Span(3000, 3999)


@pytest.mark.parametrize(
    ("reference", "first", "end", "found"),
    [
        (0, 100, 101, [Span(1000, 1999), SEVERAL]),
        (0, 199, 200, [Span(1000, 1999), SEVERAL]),
        (0, 199, 201, [Span(1000, 1999), Span(2000, 2999), SEVERAL]),
        (0, 200, 300, [Span(2000, 2999), SEVERAL]),
        (0, 0, 100, [SEVERAL]),
        (0, 300, 400, [SEVERAL]),
        (1, 9, 50, [Span(2000, 2999), SEVERAL]),
        (1, 10, 50, [SEVERAL]),
        (2, 0, 50, [SEVERAL]),
        (-1, 0, 0, [SEVERAL, Span(4000, 4999)]),
    ],
)
def test_the_containers_of_a_region(reference: int, first: int, end: int, found: list[Span]) -> None:
    assert list(LINES.spans(reference, 5000, (first, end))) == found


def test_a_line_counts_bases_from_one_and_a_slice_from_nought() -> None:
    assert index("3 1 5 0", "3 0 0 0", "3 7 1 9", "3 7 0 9", "-2 0 0 9").slices == (
        Slice(3, 0, 5, 0),
        Slice(3, 0, 1, 0),
        Slice(3, 6, 7, 9),
        Slice(3, 6, 7, 9),
        Slice(-2, 0, 1, 9),
    )


def test_containers_are_known_once_each_and_sorted() -> None:
    assert index("0 1 1 300", "0 5 1 100", "1 1 1 300").containers == (100, 300)


def test_the_last_container_ends_where_the_data_end() -> None:
    alone = index("0 1 1 300")
    assert list(alone.spans(0, 301, (0, 1))) == [Span(300, 300)]
    for behind in (300, 200):
        with pytest.raises(MalformedError, match="containers behind the end of the file"):
            list(alone.spans(0, behind, (0, 1)))


@pytest.mark.parametrize(
    "line", ["-3 1 1 1", "0 1 1 -1", "0 1 -1 1", "0 1 1", "0 1 1 1 1", "0 1 1 x", "0 1 1 10000000000000000000"]
)
def test_a_line_that_is_none_is_told(line: str) -> None:
    with pytest.raises(MalformedError, match="a CRAI index with a line that is none"):
        index(line)
    with pytest.raises(MalformedError, match="a CRAI index that is no text"):
        read_containers(gzip.compress("é".encode(), mtime=0))


def test_a_number_may_have_nineteen_digits() -> None:
    assert index(f"0 1 1 {10**18}").containers == (10**18,)
