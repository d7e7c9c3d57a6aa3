"""core/htsget/leaving.py: the order and the blocks in which a filtered file leaves are its own."""

import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget import bgzf, leaving
from broker.core.htsget.leaving import Leaving, Left, Ordered
from broker.core.htsget.reading import MalformedError


def left(place: int, stored: int, name: bytes = b"A", contig: bytes = b"1") -> Left:
    return Left(place, (b"T", name), b"%s:%d%s " % (contig, place, name), contig, stored)


def ordered(*records: Left) -> bytes:
    by = Ordered()
    made = [one for record in records for one in by.put(record)]
    return b"".join([*made, *by.end()])


def test_a_record_that_moved_waits_for_those_that_belong_before_it() -> None:
    assert (
        ordered(left(12, 10), left(11, 11), left(12, 12, b"C"), left(9, 9, contig=b"2")) == b"1:11A 1:12A 1:12C 2:9A "
    )


def test_of_one_place_alleles_give_the_order_and_of_the_same_alleles_the_file() -> None:
    assert ordered(left(5, 5, b"G"), left(5, 5, b"C"), left(5, 4, b"A")) == b"1:5A 1:5C 1:5G "
    one, other = left(5, 5)._replace(data=b"x"), left(5, 5)._replace(data=b"a")
    assert ordered(one, other) == b"xa"


def test_nothing_waits_longer_than_it_must() -> None:
    by = Ordered()
    assert by.put(left(12, 10)) == []
    assert by.put(left(12, 12, b"C")) == []
    assert by.put(left(13, 13)) == [b"1:12A ", b"1:12C "]
    assert by.put(left(1, 1, contig=b"2")) == [b"1:13A "]


@given(st.lists(st.tuples(st.sampled_from([b"1", b"2"]), st.integers(0, 30), st.integers(0, 8))))
def test_what_leaves_is_sorted_and_everything_leaves(given: list[tuple[bytes, int, int]]) -> None:
    records = [left(at + by, at, contig=contig) for contig, at, by in sorted(given)]
    found = ordered(*records).split()
    places = [(one[:1], int(one[2:-1])) for one in found]
    assert places == sorted((one.contig, one.place) for one in records)


def test_too_many_records_at_one_place_break_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "MAX_RECORD", 20)
    by = Ordered()
    for at in range(9):
        by.put(left(at, at)._replace(data=b"x" * 20))
    with pytest.raises(MalformedError, match="too many records"):
        by.put(left(8, 8))


class Lines:
    """Takes every line that begins with x out of a file of places."""

    def whole(self, data: bytes) -> tuple[list[bytes], bytes]:
        *lines, rest = data.split(b"\n")
        return lines, rest

    def record(self, given: bytes, /) -> Left | None:
        return None if given.startswith(b"x") else left(int(given), int(given))._replace(data=given + b"\n")


def made(parts: list[bytes]) -> bytes:
    by = Leaving(Lines())
    found = b"".join(by.more(part) for part in parts)
    by.pause()
    return found + by.end()


@pytest.mark.row("HT-LEFT-OUT")
@given(st.lists(st.integers(0, 120_000), max_size=6), st.lists(st.integers(0, 20_000), max_size=6))
def test_neither_who_is_gone_nor_how_the_file_was_read_shows_in_the_blocks(cuts: list[int], gone: list[int]) -> None:
    lines = [b"%d\n" % at for at in range(20_000)]
    whole = b"".join(lines)
    for at in gone:
        lines.insert(at, b"x" * (at % 3000) + b"x\n")
    content = b"".join(lines)
    parts = [content[a:b] for a, b in pairwise([0, *sorted(cuts), len(content)])]
    assert made(parts) == made([whole])


def test_blocks_are_full_but_the_last_and_go_as_soon_as_they_are() -> None:
    by, given_bytes = Leaving(Lines()), b"".join(b"%08d\n" % at for at in range(20_000))
    first = by.more(given_bytes)
    blocks, length = bgzf.run(first + bgzf.EOF, 9)
    assert ([len(one) for one in blocks], length) == ([bgzf.PAYLOAD, bgzf.PAYLOAD, 0], len(first) + len(bgzf.EOF))
    assert gzip.decompress(first + by.end()) == given_bytes
    assert Leaving(Lines()).end() == b""


def test_a_record_that_is_cut_short_or_never_ends_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MalformedError, match="cut short"):
        made([b"1\n2"])
    by = Leaving(Lines())
    by.more(b"1\n")
    by.pause()
    by.more(b"2\n")
    monkeypatch.setattr(leaving, "MAX_RECORD", 20)
    by.more(b"1" * 20)
    with pytest.raises(MalformedError, match="does not end"):
        by.more(b"1")
