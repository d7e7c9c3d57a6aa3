"""How is a BGZF file cut at any place, so that the pieces are BGZF again? (SAM specification section 4.1)

BGZF is gzip in blocks of at most 64 KiB. A virtual offset names a byte of the content: where its block begins in the
file, times 65536, plus the byte's place inside the inflated block. Records may begin in the middle of a block, and
some writers let them run over its end, so whole blocks are sent as they are and the two at the ends are cut.
"""

import zlib
from collections.abc import Iterable
from struct import Struct, error
from typing import Final, NamedTuple

from broker.core.htsget.reading import MalformedError, Reading
from broker.core.ranges import Span

MAX_BLOCK: Final = 65536
"""Bytes of a block, both as it lies in the file and inflated."""

EOF: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every file: without it a file is cut short."""

_HEAD = Struct("<4BI2BH")
_BSIZE = Struct("<2BHH")
_FIELD = 4
"""Bytes before the content of an extra field."""
_TAIL = Struct("<II")
PAYLOAD: Final = 0xFF00
"""How much is packed into one block, as htslib does: it fits even when it cannot be compressed."""


class Block(NamedTuple):
    """One block: how long it is in the file, and what it holds."""

    length: int
    data: bytes


class VirtualRange(NamedTuple):
    """The content from one virtual offset up to, and without, another."""

    first: int
    end: int


Piece = Span | bytes
"""Bytes of the file as they lie there, or bytes made here: whole blocks either way."""


def place(offset: int) -> tuple[int, int]:
    """Where the block begins that a virtual offset names, and how far inside it the byte is."""
    return offset >> 16, offset & 0xFFFF


def block(given: bytes) -> Block:
    """The block at the beginning of `given`. MalformedError for what is none, or is longer than a block may be."""
    try:
        *magic, _, _, _, extra = _HEAD.unpack_from(given)
        length = _length(given, extra) if magic == [31, 139, 8, 4] else 0
        if not _HEAD.size + extra + _TAIL.size < length <= len(given):
            raise MalformedError("not a BGZF block")
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        data = inflating.decompress(given[_HEAD.size + extra : length - _TAIL.size], MAX_BLOCK + 1)
        check, size = _TAIL.unpack_from(given, length - _TAIL.size)
    except (error, zlib.error):
        raise MalformedError("not a BGZF block") from None
    if not inflating.eof or len(data) != size or size > MAX_BLOCK or zlib.crc32(data) != check:
        raise MalformedError("a BGZF block that does not hold what it says")
    return Block(length, data)


def run(given: bytes, most: int) -> tuple[list[bytes], int]:
    """What the whole blocks at the beginning of `given` hold, `most` at most, and how long they are. MalformedError."""
    found, at = list[bytes](), 0
    while at < len(given) and len(found) < most:
        piece = given[at : at + MAX_BLOCK]
        if found and (len(piece) < _HEAD.size or not 0 < _length(piece, _HEAD.unpack_from(piece)[-1]) <= len(piece)):
            break
        one = block(piece)
        found.append(one.data)
        at += one.length
    return found, at


def _length(given: bytes, extra: int) -> int:
    """BSIZE, from the extra field `BC`; 0 where there is none, or not all of it was given."""
    fields, at = given[_HEAD.size : _HEAD.size + extra], 0
    while at + _BSIZE.size <= len(fields):
        one, two, size, length = _BSIZE.unpack_from(fields, at)
        if (one, two, size) == (66, 67, 2):
            return int(length) + 1
        at += _FIELD + size
    return 0


def packed(data: bytes) -> bytes:
    """`data` as blocks, without the empty one at the end."""
    return b"".join(_packed(data[at : at + PAYLOAD]) for at in range(0, len(data), PAYLOAD))


def _packed(data: bytes) -> bytes:
    deflating = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflating.compress(data) + deflating.flush()
    if len(body) + 26 > MAX_BLOCK:  # it only grew: stored as it is
        body = b"\x01" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
    size = (len(body) + 25).to_bytes(2, "little")
    return EOF[:16] + size + body + _TAIL.pack(zlib.crc32(data), len(data))


def block_at(at: int, end: int) -> Reading[Block]:
    """The block that begins at `at` in a file whose blocks end at `end`. MalformedError."""
    if not 0 <= at < end:
        raise MalformedError("a block beyond the end of the file")
    given = yield Span(at, min(at + MAX_BLOCK, end) - 1)
    return block(given)


def cut(wanted: VirtualRange, end: int) -> Reading[tuple[Piece, ...]]:
    """The pieces that hold just what `wanted` names. `end`: where the file's blocks end. Two blocks are read at most.

    MalformedError for offsets that are in no block.
    """
    (first, skip), (last, keep) = place(wanted.first), place(wanted.end)
    if wanted.first >= wanted.end:
        return ()
    if first == last:
        only = yield from block_at(first, end)
        return (packed(_part(only, skip, keep)),)
    head = tail = b""
    if skip:
        partial = yield from block_at(first, end)
        head, first = packed(_part(partial, skip, len(partial.data))), first + partial.length
    if keep:
        partial = yield from block_at(last, end)
        tail = packed(_part(partial, 0, keep))
    if first > last or last > end:
        raise MalformedError("an offset that is no block's")
    middle: Iterable[Piece] = (Span(first, last - 1),) if first < last else ()
    return tuple(piece for piece in (head, *middle, tail) if piece)


def _part(whole: Block, first: int, end: int) -> bytes:
    if not first <= end <= len(whole.data):
        raise MalformedError("an offset behind the end of its block")
    return whole.data[first:end]
