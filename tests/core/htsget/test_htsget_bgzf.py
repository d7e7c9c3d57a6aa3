"""core/htsget/bgzf.py: what a block is, byte by byte, and what is none."""

import gzip
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.htsget.bgzf import (
    EOF,
    MAX_BLOCK,
    PAYLOAD,
    Block,
    VirtualRange,
    block,
    block_at,
    cut,
    packed,
    place,
    run,
)
from broker.core.htsget.reading import MalformedError
from broker.core.ranges import Span

OTHER = struct.pack("<2BH", 65, 66, 3) + b"xyz"
"""A field of somebody else's."""


def made(
    data: bytes, *, before: bytes = b"", behind: bytes = b"", head: bytes = b"\x1f\x8b\x08\x04", size: int = 0
) -> bytes:
    """A block with other fields `before` and `behind` its size; `size`: what it says instead of its own."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflating.compress(data) + deflating.flush()
    extra = len(before) + 6 + len(behind)
    length = 12 + extra + len(body) + 8
    field = before + struct.pack("<2BHH", 66, 67, 2, (size or length) - 1) + behind
    return (
        head + struct.pack("<I2BH", 0, 0, 255, extra) + field + body + struct.pack("<II", zlib.crc32(data), len(data))
    )


@pytest.mark.parametrize(("before", "behind"), [(b"", b""), (OTHER, b""), (b"", OTHER), (OTHER + OTHER, OTHER)])
def test_the_size_stands_among_other_fields(before: bytes, behind: bytes) -> None:
    given_bytes = made(b"content", before=before, behind=behind)
    assert block(given_bytes + b"what follows") == Block(len(given_bytes), b"content")


GOOD = made(b"content")
NONE = {
    "nothing": b"",
    "one byte too few": GOOD[:-1],
    "only a head": GOOD[:12],
    "another method": made(b"content", head=b"\x1f\x8b\x09\x04"),
    "another flag": made(b"content", head=b"\x1f\x8b\x08\x00"),
    "not gzip": made(b"content", head=b"\x1f\x8c\x08\x04"),
    "not gzip at all": made(b"content", head=b"\x1e\x8b\x08\x04"),
    "no size": GOOD[:12] + b"XX" + GOOD[14:],
    "a size of another length": GOOD[:14] + b"\3\0" + GOOD[16:],
    "a size that is its head": made(b"content", size=18),
    "a size that leaves nothing to inflate": made(b"content", size=26),
    "a size beyond what there is": made(b"content", size=len(GOOD) + 1),
    "a field beyond its end": GOOD[:10] + b"\xff\xff" + GOOD[12:],
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_block(case: str) -> None:
    with pytest.raises(MalformedError, match="not a BGZF block"):
        block(NONE[case])


LIES = {
    "another checksum": GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:],
    "another length": GOOD[:-4] + bytes([GOOD[-4] ^ 1]) + GOOD[-3:],
    "an end that is missing": EOF[:16]
    + (18 + 8 + 3 - 1).to_bytes(2, "little")
    + zlib.compress(b"abc" * 9)[2:5]
    + bytes(8),
    "more than a block may hold": made(bytes(MAX_BLOCK + 1)),
}


@pytest.mark.parametrize("case", LIES)
def test_a_block_that_does_not_hold_what_it_says(case: str) -> None:
    with pytest.raises(MalformedError, match="a BGZF block that does not hold what it says"):
        block(LIES[case])


def test_a_block_may_hold_as_much_as_it_may_and_nothing() -> None:
    full = made(bytes(MAX_BLOCK))
    assert block(full) == Block(len(full), bytes(MAX_BLOCK))
    assert block(EOF) == Block(len(EOF), b"")


@given(st.binary(max_size=60), st.integers(0, 40), st.integers(0, 255))
def test_whatever_is_given_is_a_block_or_is_refused(noise: bytes, at: int, value: int) -> None:
    touched = bytearray(GOOD)
    touched[at % len(GOOD)] = value
    for one in (noise, bytes(touched), GOOD[:18] + noise, bytes(touched) + noise):
        try:
            found = block(one)
            assert 0 < found.length <= len(one)
        except MalformedError:
            pass


def test_a_run_is_of_whole_blocks_and_not_of_more_than_were_wanted() -> None:
    one, two = made(b"one"), made(b"two", before=OTHER)
    assert run(b"", 9) == ([], 0)
    assert run(one + two, 9) == ([b"one", b"two"], len(one) + len(two))
    assert run(one + two, 1) == ([b"one"], len(one))
    assert run(one + two, 2) == ([b"one", b"two"], len(one) + len(two))
    for size in range(len(two)):
        assert run(one + two[:size], 9) == ([b"one"], len(one))
    with pytest.raises(MalformedError):
        run(one[:-1], 9)
    assert run(one + b"\0" * 40, 9) == ([b"one"], len(one))
    with pytest.raises(MalformedError):
        run(b"\0" * 40, 9)


@given(st.integers(0, 3 * PAYLOAD), st.booleans())
def test_packed_blocks_hold_as_much_as_htslib_puts_there_and_are_read_by_gzip(size: int, noise: bool) -> None:  # noqa: FBT001 (drawn)
    data = bytes(at * at * 31 % 257 % 256 for at in range(size)) if noise else bytes(size)
    found = packed(data)
    assert found == b"" if size == 0 else gzip.decompress(found) == data
    assert [len(one) for one in run(found, 9)[0]] == [PAYLOAD] * (size // PAYLOAD) + [size % PAYLOAD] * (
        size % PAYLOAD > 0
    )
    assert len(found) <= size + 31 * (1 + size // PAYLOAD)


def test_an_offset_names_a_block_and_a_byte_of_it() -> None:
    assert place(0x123456789ABC) == (0x12345678, 0x9ABC)


ONE, TWO, THREE = made(b"0123456789"), made(b"abcdef"), made(b"XYZ")
FILE = ONE + TWO + THREE
B, C, END = len(ONE) << 16, len(ONE + TWO) << 16, len(FILE) << 16


def told(first: int, end: int, behind: int = len(FILE)) -> list[Span | bytes]:
    """What is cut out of the file; of blocks that are made anew what they hold. Two spans are asked for at most."""
    reading, asked = cut(VirtualRange(first, end), behind), 0
    try:
        span = next(reading)
        while True:
            assert span.length <= MAX_BLOCK
            assert span.last < behind
            asked += 1
            span = reading.send(FILE[span.first : span.last + 1])
    except StopIteration as done:
        assert asked <= 2
        return [gzip.decompress(one) if isinstance(one, bytes) else one for one in done.value]


CUTS = [
    (0, 0, []),
    (B | 3, B | 3, []),
    (C, B, []),
    (2, 5, [b"234"]),
    (0, 5, [b"01234"]),
    (B, B | 6, [b"abcdef"]),
    (0, B, [Span(0, len(ONE) - 1)]),
    (0, END, [Span(0, len(FILE) - 1)]),
    (3, END, [b"3456789", Span(len(ONE), len(FILE) - 1)]),
    (0, C | 1, [Span(0, len(ONE + TWO) - 1), b"X"]),
    (3, C | 1, [b"3456789", Span(len(ONE), len(ONE + TWO) - 1), b"X"]),
    (3, B | 1, [b"3456789", b"a"]),
    (3, B, [b"3456789"]),
    (10, B | 1, [b"a"]),
    (B | 6, C | 3, [b"XYZ"]),
]


@pytest.mark.parametrize(("first", "end", "pieces"), CUTS)
def test_the_ends_are_made_anew_and_what_is_between_goes_as_it_lies(
    first: int, end: int, pieces: list[Span | bytes]
) -> None:
    assert [one for one in told(first, end) if one != b""] == pieces


WRONG = [
    (11, B, "an offset behind the end of its block"),
    (5, 11, "an offset behind the end of its block"),
    (0, C | 4, "an offset behind the end of its block"),
    (0, END + (1 << 16), "an offset that is no block's"),
    (5, END + (1 << 16), "an offset that is no block's"),
    (END, END | 1, "a block beyond the end of the file"),
    (END | 1, END + (1 << 16), "a block beyond the end of the file"),
    (3, B - (1 << 16), "an offset that is no block's"),
    (1 << 16 | 1, B, "not a BGZF block"),
]


@pytest.mark.parametrize(("first", "end", "why"), WRONG)
def test_why_an_offset_is_refused(first: int, end: int, why: str) -> None:
    with pytest.raises(MalformedError) as refused:
        told(first, end)
    assert str(refused.value) == why


@pytest.mark.parametrize("at", [-1, len(FILE), len(FILE) + 1])
def test_a_block_begins_inside_the_file(at: int) -> None:
    with pytest.raises(MalformedError, match="a block beyond the end of the file"):
        next(block_at(at, len(FILE)))


def test_of_a_block_no_more_is_asked_for_than_one_may_have() -> None:
    assert next(block_at(5, 200_000)) == Span(5, 5 + MAX_BLOCK - 1)
    assert next(block_at(199_999, 200_000)) == Span(199_999, 199_999)
