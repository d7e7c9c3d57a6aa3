"""How do the values in a BCF record look? (VCF 4.3 section 6.3, BCF2.2 typed values)

Every value is read with the bounds of its record: what does not fit there is a MalformedError. Whole numbers are
written in the smallest type that holds them, and lists as short as can be: a wider or longer one would show that
somebody who is gone needed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct, unpack_from
from typing import Final

from broker.core.htsget.leaving import NOTHING
from broker.core.htsget.reading import MalformedError

CHARACTERS: Final = 7
FLOATS: Final = 5
INTEGERS: Final = (1, 2, 3)
_SIZES: Final = {0: 0, 1: 1, 2: 2, 3: 4, FLOATS: 4, CHARACTERS: 1}
"""Bytes of one value by its type: none, whole numbers of 8, 16 and 32 bits, a float, a character."""
_LETTERS: Final = {1: "b", 2: "h", 3: "i"}
_MANY: Final = 15
"""A descriptor with this count has the real one behind it."""
_RESERVED: Final = 8
"""Of each width so many of the smallest numbers mean something else: the first `missing`, the second `no more`."""
_FLOAT: Final = Struct("<f")
_MISSING_FLOAT: Final = 0x7F800001
NO_FLOAT: Final = _MISSING_FLOAT.to_bytes(4, "little")
"""A float that is missing."""
_NO_MORE_FLOATS: Final = 0x7F800002

Row = Sequence[int | None]
"""Whole numbers; None where one is missing."""


@dataclass(frozen=True, slots=True)
class Vector:
    """Where a list of values lies: its type, how many there are, and the first byte."""

    type: int
    count: int
    at: int

    @property
    def size(self) -> int:
        """In bytes."""
        return _SIZES[self.type] * self.count

    @property
    def end(self) -> int:
        return self.at + self.size


def vector(data: bytes, at: int, times: int = 1) -> Vector:
    """The list whose descriptor begins at `at`; `times` of them lie there one behind the other. MalformedError."""
    if at >= len(data):
        raise MalformedError("a BCF record that is cut short")
    kind, count = data[at] & 15, data[at] >> 4
    at += 1
    if kind not in _SIZES:
        raise MalformedError("a BCF value of a type that there is not")
    if count == _MANY:
        count, at = scalar(data, at)
    found = Vector(kind, count, at)
    if count < 0 or at + times * found.size > len(data):
        raise MalformedError("a BCF record that is cut short")
    return found


def scalar(data: bytes, at: int) -> tuple[int, int]:
    """The one whole number there, and the first byte behind it. MalformedError."""
    if at >= len(data) or data[at] >> 4 != 1 or data[at] & 15 not in INTEGERS:
        raise MalformedError("a BCF value that should be one whole number")
    size = _SIZES[data[at] & 15]
    if at + 1 + size > len(data):
        raise MalformedError("a BCF record that is cut short")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little", signed=True), at + 1 + size


def rows(data: bytes, one: Vector, times: int) -> list[Row]:
    """`times` lists of whole numbers from `one` on, each up to where it says that there are no more. MalformedError."""
    if one.type == 0 or one.count == 0:
        return [()] * times
    if one.type not in INTEGERS:
        raise MalformedError("a BCF value that should be whole numbers")
    values = unpack_from(f"<{times * one.count}{_LETTERS[one.type]}", data, one.at)
    missing = -1 << (8 * _SIZES[one.type] - 1)
    return [_row(values[at : at + one.count], missing) for at in range(0, len(values), one.count)]


def _row(values: tuple[int, ...], missing: int) -> Row:
    end = values.index(missing + 1) if missing + 1 in values else len(values)
    return [None if value == missing else value for value in values[:end]]


def kept(data: bytes, one: Vector, times: int, keep: Sequence[int]) -> bytes | None:
    """Those of `times` lists from `one` on whose places are in `keep`, with a descriptor, as short as they can be.

    None if nothing but missing values is in them.
    """
    if one.type in INTEGERS:
        every = rows(data, one, times)
        left = [every[at] for at in keep]
        return integers(left) if any(value is not None for row in left for value in row) else None
    parts = [data[one.at + at * one.size : one.at + (at + 1) * one.size] for at in keep]
    if one.type == CHARACTERS:
        return _texts([part.rstrip(b"\0") for part in parts])
    return _floats(parts) if one.type == FLOATS else None


def _texts(every: Sequence[bytes]) -> bytes | None:
    if all(NOTHING.issuperset(one) for one in every):
        return None
    width = max(map(len, every))
    return descriptor(CHARACTERS, width) + b"".join(one.ljust(width, b"\0") for one in every)


def _floats(parts: Sequence[bytes]) -> bytes | None:
    used = [_used(part) for part in parts]
    if all(value == _MISSING_FLOAT for row in used for value in row):
        return None
    width = max(map(len, used))
    return descriptor(FLOATS, width) + b"".join(part[: 4 * width] for part in parts)


def _used(part: bytes) -> tuple[int, ...]:
    """The bits of floats, up to where it says that there are no more."""
    values = unpack_from(f"<{len(part) // 4}I", part)
    return values[: values.index(_NO_MORE_FLOATS)] if _NO_MORE_FLOATS in values else values


def integers(every: Sequence[Row]) -> bytes:
    """Lists of whole numbers with one descriptor, in the smallest type that holds them all."""
    width = max((len(row) for row in every), default=0) or 1
    known = [value for row in every for value in row if value is not None]
    kind = _kind(min(known, default=0), max(known, default=0))
    size = _SIZES[kind]
    missing = -1 << (8 * size - 1)
    made = Struct(f"<{width}{_LETTERS[kind]}")
    lists = (_filled(row, width, missing) for row in every)
    return descriptor(kind, width) + b"".join([made.pack(*one) for one in lists])


def _filled(row: Row, width: int, missing: int) -> list[int]:
    """The list at full length; one of nothing begins with `missing`."""
    said = [missing if value is None else value for value in row] or [missing]
    return said + [missing + 1] * (width - len(said))


def _kind(least: int, most: int) -> int:
    for kind in INTEGERS[:-1]:
        bound = 1 << (8 * _SIZES[kind] - 1)
        if _RESERVED - bound <= least and most < bound:
            return kind
    return INTEGERS[-1]


def floats(values: Sequence[float]) -> bytes:
    """One list of floats with its descriptor."""
    return descriptor(FLOATS, len(values)) + b"".join(map(_FLOAT.pack, values))


def text(value: bytes) -> bytes:
    """Characters with their descriptor."""
    return descriptor(CHARACTERS, len(value)) + value


def descriptor(kind: int, count: int) -> bytes:
    """What stands before so many values of a type."""
    if count < _MANY:
        return bytes([count << 4 | kind])
    return bytes([_MANY << 4 | kind]) + integers([[count]])
