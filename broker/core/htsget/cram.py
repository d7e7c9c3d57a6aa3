"""Where does the header of a CRAM file end, and where do its containers? (CRAM specification sections 6 to 9)

A file is a definition, a container with the SAM header, containers with records, and an empty one. Versions 2.1 and 3.
"""

import re
import zlib
from struct import Struct
from typing import Final

from broker.core.htsget.bgzf import VirtualRange
from broker.core.htsget.layout import MAX_HEADER, Layout
from broker.core.htsget.reading import MalformedError, Reading
from broker.core.ranges import Span

EOF: Final = {
    2: bytes.fromhex("0b000000ffffffff0fe0454f4600000000010000010006060100010001 00"),
    3: bytes.fromhex("0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"),
}
"""The empty container that ends a file, by major version."""

_DEFINITION = 26
_FIRST = 1024
"""Bytes that hold the head of the first container, whatever is in it."""
_RAW, _GZIP = 0, 1
_SQ = re.compile(rb"^@SQ\t(?:[^\n]*\t)?SN:([^\t\r\n]+)", re.MULTILINE)
_INT = Struct("<i")


class _Bytes:
    """Reads the numbers of CRAM one after the other (section 2.3). MalformedError behind the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise MalformedError("a CRAM header that is cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def int32(self) -> int:
        return int(_INT.unpack(self.take(_INT.size))[0])

    def itf8(self) -> int:
        """A number in one to five bytes: as many follow as the first has leading ones."""
        first = self.take(1)[0]
        more = next((count for count in range(4) if not first & 0x80 >> count), 4)
        if more == 4:  # noqa: PLR2004 (the fifth byte has four bits of the number)
            rest = self.take(4)
            return (first & 15) << 28 | int.from_bytes(rest[:3], "big") << 4 | rest[3] & 15
        return (first & 0xFF >> more + 1) << 8 * more | int.from_bytes(self.take(more), "big")

    def ltf8(self) -> None:
        """A number in one to nine bytes that nobody here needs."""
        first = self.take(1)[0]
        self.take(next((count for count in range(8) if not first & 0x80 >> count), 8))


def cram_layout(size: int) -> Reading[Layout]:
    """The layout of a CRAM file of `size` bytes. MalformedError."""
    if size < _DEFINITION:
        raise MalformedError("not a CRAM file")
    begin = yield Span(0, min(size, _DEFINITION + _FIRST) - 1)
    major = begin[4] if len(begin) > _DEFINITION else 0
    if not begin.startswith(b"CRAM") or major not in EOF:
        raise MalformedError("not a CRAM file of version 2 or 3")
    length, behind = _container(_Bytes(begin[_DEFINITION:]), major)
    first = _DEFINITION + behind
    if not 0 < length <= min(MAX_HEADER, size - first):
        raise MalformedError("a CRAM header that is too large")
    block = yield Span(first, first + length - 1)
    names = _SQ.findall(_header(_Bytes(block)))
    eof = EOF[major]
    last = yield Span(max(0, size - len(eof)), size - 1)
    end = size - len(eof) if last == eof else size
    if end < first + length:
        raise MalformedError("a CRAM file that ends inside its header")
    return Layout(
        format="CRAM",
        references={name.decode(errors="replace"): number for number, name in enumerate(names)},
        records=VirtualRange(first + length << 16, end << 16),
        eof=eof,
    )


def _container(head: _Bytes, major: int) -> tuple[int, int]:
    """How long a container's blocks are, and how long what stands before them is."""
    length = head.int32()
    for _ in range(4):  # reference, start, span, number of records
        head.itf8()
    if major == 2:  # noqa: PLR2004 (a record counter of fewer bits)
        head.itf8()
    else:
        head.ltf8()
    head.ltf8()
    head.itf8()
    landmarks = head.itf8()
    if not 0 <= landmarks <= _FIRST:
        raise MalformedError("a CRAM header with too many landmarks")
    for _ in range(landmarks):
        head.itf8()
    head.take(0 if major == 2 else 4)  # noqa: PLR2004 (version 3 has a checksum)
    return length, head.at


def _header(block: _Bytes) -> bytes:
    """The text of the SAM header, out of the first block of its container."""
    method = block.take(1)[0]
    block.take(1)
    block.itf8()
    packed, plain = block.itf8(), block.itf8()
    data = block.take(packed)
    if method == _GZIP:
        try:
            data = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, MAX_HEADER + 1)
        except zlib.error:
            raise MalformedError("a CRAM header that cannot be inflated") from None
    elif method != _RAW:
        raise MalformedError("a CRAM header that is packed in another way than gzip")
    if len(data) != plain or plain > MAX_HEADER:
        raise MalformedError("a CRAM header that is not as long as it says")
    inside = _Bytes(data)
    return inside.take(inside.int32())
