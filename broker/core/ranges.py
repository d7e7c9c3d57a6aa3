"""Which bytes of a content does a request ask for? (RFC 9110 sections 13.1.5 If-Range, 14 Range Requests)

Fields, entity tag and size in; spans out. Only GET has ranges: for HEAD pass no Range field (section 14.2).
Whatever is asked, no byte is sent twice: spans that overlap or touch become one (section 15.3.7.2).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_FIELD = 1024
"""Longest Range field that is read, in characters; it bounds every number in it too."""

MAX_RANGES = 16
"""Most ranges in one request, counted before they are merged."""

_UNIT = "bytes"
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


class Span(NamedTuple):
    """Bytes `first` to `last`, both counted from 0 and both included: 0 <= first <= last < size."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes these are; never 0."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """No range is asked for, or If-Range names another content: 200 and everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """206 with these spans: disjoint, at least one, in the order of the request."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsatisfiable:
    """416 with `unsatisfied(size)`: no byte of the content is asked for, or too much at once."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """200 and everything, as if there were no Range field: not one that we understand (section 14.2)."""


Wanted = Whole | Ranges | Unsatisfiable | Ignored


def wanted(range_field: str | None, if_range: str | None, *, etag: str, size: int) -> Wanted:
    """The answer to a GET with these fields for a content of `size` bytes whose entity tag is `etag`."""
    if range_field is None or (if_range is not None and not same_content(if_range, etag)):
        return Whole()
    return parse(range_field, size)


def same_content(if_range: str, etag: str) -> bool:
    """Does an If-Range field name this very content? Strong comparison (sections 13.1.5 and 8.8.3.2).

    Weak tags never match. Neither do dates: one second may have seen two contents (section 8.8.2.2).
    """
    return _STRONG_TAG.fullmatch(if_range) is not None and if_range == etag


def parse(field: str, size: int) -> Wanted:
    """A Range field's value against a content of `size` bytes (section 14.1.2)."""
    unit, equals, listed = field[:MAX_FIELD].partition("=")
    if not equals or unit.lower() != _UNIT:
        return Ignored()
    if len(field) > MAX_FIELD:
        return Unsatisfiable(why=f"longer than {MAX_FIELD} characters")
    asked = [element for element in _COMMA.split(listed) if element]
    if len(asked) > MAX_RANGES:
        return Unsatisfiable(why=f"more than {MAX_RANGES} ranges")
    matches = [_RANGE.fullmatch(element) for element in asked]
    pairs = [match.groups() for match in matches if match is not None]
    if not asked or len(pairs) < len(asked) or not all(_valid(*pair) for pair in pairs):
        return Ignored()
    if size == 0 and any(not first and int(last) for first, last in pairs):
        return Ignored()  # the last bytes of nothing are nothing, which no Content-Range can say
    spans = [span for first, last in pairs if (span := _span(first, last, size)) is not None]
    if not spans:
        return Unsatisfiable(why="beyond the end")
    return Ranges(spans=_merged(spans))


def _valid(first: str, last: str) -> bool:
    """Section 14.1.1: something is stated, and an int-range does not end before it begins."""
    return bool(first or last) and not (first and last and int(last) < int(first))


def _span(first: str, last: str, size: int) -> Span | None:
    """The bytes that one valid range means, cut at the end of the content; None if it has none of them."""
    if first:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
    else:
        begin, end = max(0, size - int(last)), size - 1
    return Span(begin, end) if begin <= end else None


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Overlapping and touching spans as one, at the place of the first of them."""
    merged: list[Span] = []
    for span in spans:
        near = [other for other in merged if other.first <= span.last + 1 and span.first <= other.last + 1]
        place = merged.index(near[0]) if near else len(merged)
        joined = Span(min(s.first for s in [*near, span]), max(s.last for s in [*near, span]))
        merged = [other for other in merged if other not in near]
        merged.insert(place, joined)
    return tuple(merged)


def content_range(span: Span, size: int | None) -> str:
    """The Content-Range of a 206, or of one of its parts (section 14.4). `size` None: nobody is told."""
    return f"{_UNIT} {span.first}-{span.last}/{'*' if size is None else size}"


def unsatisfied(size: int) -> str:
    """The Content-Range of a 416 (section 14.4): tells the client how long the content is."""
    return f"{_UNIT} */{size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """The frame of a 206 with several spans, multipart/byteranges (section 14.6).

    `size`: of the content; None: nobody is told. `boundary`: 16 random bytes or more as hexadecimal, fresh each time,
    so that no content can contain it.
    `media_type`: of the content; it must have been checked to hold no line break.
    """

    spans: tuple[Span, ...]
    size: int | None
    media_type: str
    boundary: str

    @property
    def content_type(self) -> str:
        """The response's Content-Type."""
        return f"multipart/byteranges; boundary={self.boundary}"

    def head(self, span: Span) -> bytes:
        """What goes before the bytes of `span`."""
        return (
            f"\r\n--{self.boundary}\r\nContent-Type: {self.media_type}\r\n"
            f"Content-Range: {content_range(span, self.size)}\r\n\r\n"
        ).encode("ascii")

    @property
    def tail(self) -> bytes:
        """What goes after the last span."""
        return f"\r\n--{self.boundary}--\r\n".encode("ascii")

    @property
    def length(self) -> int:
        """The response's Content-Length: heads, spans and tail."""
        return sum(len(self.head(span)) + span.length for span in self.spans) + len(self.tail)
