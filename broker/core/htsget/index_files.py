"""What does a BAI, CSI or TBI file say? (SAM specification sections 5.2, CSIv1, tabix)

Bytes in, an index out. They come from outside: every step goes forward in what was given, so that the time is bounded
by its size, and what does not fit is a MalformedError.
"""

import zlib
from array import array
from struct import Struct, error
from typing import Final, Literal

from broker.core.htsget.bins import NOTHING, OF_BIN, OF_REFERENCE, BinIndex, Reference
from broker.core.htsget.reading import MalformedError

IndexKind = Literal["BAI", "CSI", "TBI", "CRAI"]

MAX_FILE: Final = 64 << 20
"""Longest index that is read: ten times that of a whole genome."""

MAX_INFLATED: Final = 256 << 20
"""The same once it is inflated."""

MAX_TABLES: Final = 256 << 20
"""Bytes that its tables may take besides: forty times those of a whole genome."""

_INT = Struct("<i")
_TWO = Struct("<ii")
_TABIX = Struct("<7i")
_BIN = Struct("<Ii")
_CSI_BIN = Struct("<IQi")
_OFFSET = Struct("<Q")
_CHUNK = 16
_BAI_SHIFT, _BAI_DEPTH, _MAX_SHIFT, _MAX_DEPTH = 14, 5, 30, 10


def inflated(given: bytes) -> bytes:
    """A gzip or BGZF file as a whole. MalformedError for what is none, is cut short or is too large."""
    parts, size = list[bytes](), 0
    while given:
        inflating = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            parts.append(inflating.decompress(given, MAX_INFLATED + 1 - size))
        except zlib.error:
            raise MalformedError("an index that is not gzip as it must be") from None
        size += len(parts[-1])
        if size > MAX_INFLATED:
            raise MalformedError("an index that is too large when inflated")
        if not inflating.eof:
            raise MalformedError("an index that is cut short")
        given = inflating.unused_data
    return b"".join(parts)


def kind_of(given: bytes) -> IndexKind | None:
    """Which kind of index begins like this."""
    if given.startswith(b"BAI\1"):
        return "BAI"
    if not given.startswith(b"\x1f\x8b"):
        return None
    inflating = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        begin = inflating.decompress(given, 4)
    except zlib.error:
        return None
    known: dict[bytes, IndexKind] = {b"CSI\1": "CSI", b"TBI\1": "TBI"}
    return known.get(begin) or ("CRAI" if not begin or begin[:1] in b"-0123456789" else None)


def read_bins(kind: IndexKind, given: bytes) -> BinIndex:
    """The index of that kind. MalformedError."""
    if len(given) > MAX_FILE:
        raise MalformedError("an index that is too large")
    data = given if kind == "BAI" else inflated(given)
    magic = kind.encode() + b"\1"
    if not data.startswith(magic):
        raise MalformedError(f"not a {kind} index")
    try:
        return _CSI(data).read() if kind == "CSI" else _Bins(data).read(tabix=kind == "TBI")
    except error:
        raise MalformedError("an index that is cut short") from None


class _Bins:
    """Reads BAI, and TBI, which has names before the same bins."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 4
        self._end = 0
        self._left = MAX_TABLES
        self._pseudo = _pseudo_bin(_BAI_DEPTH)

    def read(self, *, tabix: bool) -> BinIndex:
        number, names = self._int(), dict[str, int]()
        if tabix:
            names = _names(self._data, self._at)
            self._at += _TABIX.size + _TABIX.unpack_from(self._data, self._at)[-1]
        references = self._references(number)
        return self._made(_BAI_SHIFT, _BAI_DEPTH, references, names)

    def _references(self, number: int) -> list[Reference]:
        return [self._reference() for _ in range(_count(number))]

    def _made(self, shift: int, depth: int, references: list[Reference], names: dict[str, int]) -> BinIndex:
        return BinIndex(
            data=self._data, shift=shift, depth=depth, references=references, names=names, placed_end=self._end
        )

    def _reference(self) -> Reference:
        bins = self._bins()
        windows = _count(self._int())
        at = self._at
        self._skip(_OFFSET.size * windows)
        return _reference(bins, at, windows) if bins or windows else NOTHING

    def _bins(self) -> list[tuple[int, int, int, int]]:
        """Of one reference, sorted. Each is weighed before it is kept."""
        number = _count(self._int())
        self._left -= OF_REFERENCE if number else 0
        bins = list[tuple[int, int, int, int]]()
        for _ in range(number):
            self._left -= OF_BIN
            if self._left < 0:
                raise MalformedError("an index that is too large")
            bins.append(self._bin())
        bins.sort()
        return bins

    def _bin(self) -> tuple[int, int, int, int]:
        number, chunks = _BIN.unpack_from(self._data, self._at)
        return self._listed(number, self._at + _BIN.size, chunks, 0)

    def _listed(self, number: int, at: int, chunks: int, least: int) -> tuple[int, int, int, int]:
        """(number, where its chunks are, how many, least). The pseudo-bin counts; only its first pair is offsets."""
        self._at = at
        self._skip(_CHUNK * _count(chunks))
        real = chunks if number != self._pseudo else min(chunks, 1)
        if real:
            self._end = max(self._end, _OFFSET.unpack_from(self._data, at + _CHUNK * real - _OFFSET.size)[0])
        return number, at, chunks, least

    def _int(self) -> int:
        (value,) = _INT.unpack_from(self._data, self._at)
        self._at += _INT.size
        return int(value)

    def _skip(self, size: int) -> None:
        self._at += size
        if self._at > len(self._data):
            raise MalformedError("an index that is cut short")


class _CSI(_Bins):
    """Reads CSI: bins of other widths, and an offset with each in the place of windows."""

    def read(self, *, tabix: bool = False) -> BinIndex:
        del tabix
        shift, depth = _TWO.unpack_from(self._data, self._at)
        if not (0 < shift <= _MAX_SHIFT and 0 <= depth <= _MAX_DEPTH):
            raise MalformedError("an index with bins that cannot be")
        self._at += _TWO.size
        self._pseudo = _pseudo_bin(depth)
        told = self._int()
        names = _names(self._data, self._at) if told >= _TABIX.size else {}
        self._skip(_count(told))
        references = self._references(self._int())
        return self._made(shift, depth, references, names)

    def _reference(self) -> Reference:
        bins = self._bins()
        return _reference(bins, 0, 0, csi=True) if bins else NOTHING

    def _bin(self) -> tuple[int, int, int, int]:
        number, least, chunks = _CSI_BIN.unpack_from(self._data, self._at)
        return self._listed(number, self._at + _CSI_BIN.size, chunks, least)


def _reference(bins: list[tuple[int, int, int, int]], at: int, windows: int, *, csi: bool = False) -> Reference:
    return Reference(
        bins=array("I", [one[0] for one in bins]),
        chunks_at=array("Q", [one[1] for one in bins]),
        chunks=array("I", [one[2] for one in bins]),
        least=array("Q", [one[3] for one in bins] if csi else []),
        windows_at=at,
        windows=windows,
    )


def _names(data: bytes, at: int) -> dict[str, int]:
    """Tabix' own header: seven numbers, the last of which says how long the names are, each with a NUL behind it."""
    length = _TABIX.unpack_from(data, at)[-1]
    listed = data[at + _TABIX.size : at + _TABIX.size + _count(length)]
    if len(listed) != length:
        raise MalformedError("an index that is cut short")
    try:
        return {name.decode(): number for number, name in enumerate(listed.split(b"\0")[:-1])}
    except UnicodeDecodeError:
        raise MalformedError("an index with names that cannot be read") from None


def _pseudo_bin(depth: int) -> int:
    """The bin that has no place: it holds where a reference's records are, and how many (section 5.2)."""
    return ((1 << (3 * depth + 3)) - 1) // 7 + 1


def _count(number: int) -> int:
    if number < 0:
        raise MalformedError("an index with a negative count")
    return number
