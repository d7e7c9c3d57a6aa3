"""core/ranges.py against RFC 9110's own examples, and against a reader that is slow and obvious."""

from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.ranges import (
    MAX_FIELD,
    MAX_RANGES,
    Ignored,
    Multipart,
    Ranges,
    Span,
    Unsatisfiable,
    Wanted,
    Whole,
    content_range,
    parse,
    same_content,
    unsatisfied,
    wanted,
)

TAG = '"sha-256:0123"'
MANY = ",".join(f"{n * 10}-{n * 10 + 1}" for n in range(MAX_RANGES))


def spans(*pairs: tuple[int, int]) -> Ranges:
    return Ranges(spans=tuple(Span(*pair) for pair in pairs))


@pytest.mark.parametrize(
    ("field", "size", "want"),
    [
        ("bytes=0-499", 10_000, spans((0, 499))),
        ("bytes=500-999", 10_000, spans((500, 999))),
        ("bytes=-500", 10_000, spans((9_500, 9_999))),
        ("bytes=9500-", 10_000, spans((9_500, 9_999))),
        ("bytes=0-0,-1", 10_000, spans((0, 0), (9_999, 9_999))),
        ("bytes= 0-999, 4500-5499, -1000", 10_000, Ignored),
        ("bytes=0-999, 4500-5499, -1000", 10_000, spans((0, 999), (4_500, 5_499), (9_000, 9_999))),
        ("bytes=500-600,601-999", 10_000, spans((500, 999))),
        ("bytes=500-700,601-999", 10_000, spans((500, 999))),
        ("BYTES=0-1", 10, spans((0, 1))),
        ("bytes=,0-1,,\t ,8-8,", 10, spans((0, 1), (8, 8))),
        ("bytes=8-8,0-1", 10, spans((8, 8), (0, 1))),
        ("bytes=8-8,0-1,5-9", 10, spans((5, 9), (0, 1))),
        ("bytes=0-1,8-9,2-7", 10, spans((0, 9))),
        ("bytes=0-", 10, spans((0, 9))),
        ("bytes=0-9", 10, spans((0, 9))),
        ("bytes=9-9", 10, spans((9, 9))),
        ("bytes=10-", 10, Unsatisfiable(why="beyond the end")),
        ("bytes=10-11,12-", 10, Unsatisfiable),
        ("bytes=10-11,0-0", 10, spans((0, 0))),
        ("bytes=-0", 10, Unsatisfiable),
        ("bytes=-0,0-0", 10, spans((0, 0))),
        ("bytes=-10", 10, spans((0, 9))),
        ("bytes=-11", 10, spans((0, 9))),
        ("bytes=0-", 0, Unsatisfiable),
        ("bytes=-1", 0, Ignored),
        ("bytes=0-0,-1", 0, Ignored),
        ("bytes=-0", 0, Unsatisfiable),
        ("bytes=0-1,3-4", 10, spans((0, 1), (3, 4))),
        ("bytes=3-4,0-1", 10, spans((3, 4), (0, 1))),
        (f"bytes=0-{2**63}", 10, spans((0, 9))),
        (f"bytes={2**63}-", 10, Unsatisfiable),
        (f"bytes={2**63}-", 2**63 - 1, Unsatisfiable),
        (f"bytes=-{10**30}", 10, spans((0, 9))),
        (f"bytes={2**63 - 2}-{10**30}", 2**63 - 1, spans((2**63 - 2, 2**63 - 2))),
        (f"bytes=0-{'0' * 500}1", 10, spans((0, 1))),
        ("bytes=5-2", 10, Ignored),
        ("bytes=0-1,5-2", 10, Ignored),
        ("bytes=-", 10, Ignored),
        ("bytes=", 10, Ignored),
        ("bytes=,", 10, Ignored),
        ("bytes", 10, Ignored),
        ("", 10, Ignored),
        ("items=0-1", 10, Ignored),
        ("bytes =0-1", 10, Ignored),
        ("bytes=0 -1", 10, Ignored),
        ("bytes=0-1;2-3", 10, Ignored),
        ("bytes=0-1, bytes=2-3", 10, Ignored),
        ("bytes=+0-1", 10, Ignored),
        ("bytes=-1-2", 10, Ignored),
        ("bytes=0--1", 10, Ignored),
        ("bytes=0x0-1", 10, Ignored),
        ("bytes=1_0-11", 100, Ignored),
        ("bytes=٠-١", 10, Ignored),  # noqa: RUF001 (Arabic digits, which int() would take)
        ("bytes=²-3", 10, Ignored),
        ("bytes=0-1\n", 10, Ignored),
        (f"bytes={MANY}", 10_000, Ranges),
        (f"bytes={MANY},900-901", 10_000, Unsatisfiable),
        (f"bytes={'0-9,' * 16}", 10, spans((0, 9))),
        (f"bytes={'0-9,' * 17}", 10, Unsatisfiable),
        ("bytes=0-" + "1".rjust(MAX_FIELD - 8, "0"), 10, spans((0, 1))),
        ("bytes=0-" + "1".rjust(MAX_FIELD - 7, "0"), 10, Unsatisfiable),
        ("bytes=" + "0-0," * 100_000, 10, Unsatisfiable),
        ("x" * 100_000, 10, Ignored),
    ],
)
def test_a_range_field_means_what_rfc_9110_says(field: str, size: int, want: Wanted | type) -> None:
    got = parse(field, size)
    assert (type(got) if isinstance(want, type) else got) == want


number = st.integers(min_value=0, max_value=40) | st.just(10**30)
element = st.one_of(
    st.builds("{}-{}".format, number, number),
    st.builds("{}-".format, number),
    st.builds("-{}".format, number),
    st.sampled_from(["", "-", "x", "1-2-3"]),
)


def asked_slowly(field: str, size: int) -> list[int] | None:
    """Every byte asked for, one by one and in order of mention; None if the field is no list of ranges."""
    mentioned: list[int] = []
    elements = [text.strip(" ") for text in field.removeprefix("bytes=").split(",")]
    if not any(elements):
        return None
    for text in filter(None, elements):
        first, dash, last = text.partition("-")
        if not dash or "-" in last or not (first + last).isdigit() or (first and last and int(last) < int(first)):
            return None
        for at in range(size):
            inside = int(first) <= at <= (int(last) if last else size) if first else size - at <= int(last)
            if inside:
                mentioned.append(at)
    return list(dict.fromkeys(mentioned))


@given(st.lists(element, min_size=1, max_size=MAX_RANGES), st.integers(min_value=1, max_value=30))
def test_the_bytes_are_those_that_a_slow_reader_finds_each_once(elements: list[str], size: int) -> None:
    field = "bytes=" + ", ".join(elements)
    slow = asked_slowly(field, size)
    match parse(field, size):
        case Ranges(spans=found):
            sent = [at for span in found for at in range(span.first, span.last + 1)]
            assert slow is not None
            assert sorted(sent) == sorted(slow)
            assert len(sent) == len(set(sent)) <= size
            assert sent[0] <= slow[0] <= found[0].last
        case Unsatisfiable():
            assert slow == []
        case other:
            assert (slow, type(other)) == (None, Ignored)


@given(st.text(max_size=60), st.integers(min_value=0, max_value=2**63 - 1))
def test_no_text_breaks_the_parser_or_leaves_the_content(text: str, size: int) -> None:
    for field in (text, f"bytes={text}"):
        got = parse(field, size)
        if isinstance(got, Ranges):
            assert all(0 <= span.first <= span.last < size for span in got.spans)


@pytest.mark.parametrize(
    ("if_range", "etag", "same"),
    [
        (TAG, TAG, True),
        ('"sha-256:0124"', TAG, False),
        (f"W/{TAG}", TAG, False),
        (f"W/{TAG}", f"W/{TAG}", False),
        (TAG.strip('"'), TAG.strip('"'), False),
        ("Sat, 29 Oct 1994 19:43:31 GMT", TAG, False),
        ("Sat, 29 Oct 1994 19:43:31 GMT", "Sat, 29 Oct 1994 19:43:31 GMT", False),
        ("", "", False),
        ("*", TAG, False),
        (f"{TAG}, {TAG}", f"{TAG}, {TAG}", False),
        (TAG.upper(), TAG, False),
    ],
)
def test_if_range_compares_strong_tags_only(if_range: str, etag: str, *, same: bool) -> None:
    assert same_content(if_range, etag) is same


@pytest.mark.parametrize(
    ("field", "if_range", "want"),
    [
        (None, None, Whole()),
        (None, TAG, Whole()),
        ("bytes=0-1", None, spans((0, 1))),
        ("bytes=0-1", TAG, spans((0, 1))),
        ("bytes=0-1", '"another"', Whole()),
        ("bytes=99-", '"another"', Whole()),
    ],
)
def test_ranges_of_another_content_are_not_cut_from_this_one(
    field: str | None, if_range: str | None, want: Wanted
) -> None:
    assert wanted(field, if_range, etag=TAG, size=10) == want


def test_content_range_names_span_and_size() -> None:
    assert content_range(Span(42, 1233), 1234) == "bytes 42-1233/1234"
    assert content_range(Span(0, 9), None) == "bytes 0-9/*"
    assert unsatisfied(1234) == "bytes */1234"
    assert Span(42, 1233).length == 1192


def test_a_multipart_body_has_the_length_that_it_states_and_reads_back() -> None:
    content = bytes(range(200)) * 5
    frame = Multipart(
        spans=(Span(0, 9), Span(990, 999)),
        size=len(content),
        media_type="application/octet-stream",
        boundary="3d6b6a416f9b53d8",
    )
    body = b"".join(frame.head(span) + content[span.first : span.last + 1] for span in frame.spans) + frame.tail
    assert len(body) == frame.length
    head = f"Content-Type: {frame.content_type}\r\n\r\n".encode()
    read = list(BytesParser(policy=HTTP).parsebytes(head + body).iter_parts())
    assert [part["Content-Range"] for part in read] == ["bytes 0-9/1000", "bytes 990-999/1000"]
    assert [part.get_payload(decode=True) for part in read] == [content[:10], content[990:]]
