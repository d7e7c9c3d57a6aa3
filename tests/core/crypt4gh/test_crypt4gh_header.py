"""Headers of Crypt4GH files, whole and hostile: what is taken apart, and what is refused before it costs anything."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.crypt4gh.header import (
    MAX_EDITS,
    MAX_HEADER,
    MAX_PACKETS,
    Contents,
    HeaderError,
    Packet,
    assembled,
    contents,
    length_for,
    parse,
    plain_packets,
)

KEY = bytes(range(32))
PACKET = Packet(writer=b"w" * 32, nonce=b"n" * 12, sealed=b"s" * (8 + 32 + 16))
PACKETS = st.lists(
    st.builds(
        Packet,
        writer=st.binary(min_size=32, max_size=32),
        nonce=st.binary(min_size=12, max_size=12),
        sealed=st.binary(min_size=16, max_size=200),
    ),
    min_size=1,
    max_size=5,
)


def header(*packets: bytes, count: int | None = None, magic: bytes = b"crypt4gh", version: int = 1) -> bytes:
    return magic + struct.pack("<II", version, len(packets) if count is None else count) + b"".join(packets)


def packet(body: bytes, *, method: int = 0, length: int | None = None) -> bytes:
    return struct.pack("<II", len(body) + 8 if length is None else length, method) + body


@given(packets=PACKETS, body=st.binary(max_size=100))
def test_what_was_assembled_is_parsed_whatever_follows_it(packets: list[Packet], body: bytes) -> None:
    made = assembled(packets)
    found = parse(made + body)
    assert (found.packets, found.length) == (tuple(packets), len(made))


@given(packets=PACKETS, data=st.data())
def test_a_header_that_is_cut_anywhere_is_refused(packets: list[Packet], data: st.DataObject) -> None:
    made = assembled(packets)
    with pytest.raises(HeaderError):
        parse(made[: data.draw(st.integers(0, len(made) - 1))])


@given(data=st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    for tried in (data, header(data), header(packet(data)), header(packet(data), count=MAX_PACKETS)):
        try:
            parse(tried)
        except HeaderError:
            continue


GOOD = assembled([PACKET])
HOSTILE = {
    "nothing": b"",
    "another magic": header(magic=b"crypt4gH", count=1) + GOOD[16:],
    "version 0": header(version=0, count=1) + GOOD[16:],
    "version 2": header(version=2, count=1) + GOOD[16:],
    "no packets": header(count=0),
    "one packet too many": assembled([PACKET] * (MAX_PACKETS + 1)),
    "a giant count": header(packet(b"x" * 60), count=2**32 - 1),
    "a count beyond the packets": header(packet(b"x" * 60), count=2),
    "a packet without length": header(b"\x00", count=1),
    "a length of nothing": header(packet(b"x" * 60, length=0)),
    "a length that leaves out itself": header(packet(b"x" * 60, length=7)),
    "a giant length": header(packet(b"x" * 60, length=2**32 - 1)),
    "a packet too short to be sealed": header(packet(b"x" * 59)),
    "longer than any header": header(packet(b"x" * MAX_HEADER)) + b"x",
}


@pytest.mark.row("T101")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused(name: str) -> None:
    with pytest.raises(HeaderError):
        parse(HOSTILE[name])


def test_as_many_packets_as_may_be_are_read() -> None:
    assert len(parse(assembled([PACKET] * MAX_PACKETS)).packets) == MAX_PACKETS


@pytest.mark.row("T101")
def test_a_packet_of_an_unknown_method_is_passed_over() -> None:
    found = parse(header(packet(b"", method=1), packet(b"x" * 7, method=2**32 - 1), GOOD[16:]))
    assert found.packets == (PACKET,)


@given(
    keys=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True),
    edits=st.none() | st.lists(st.integers(0, 2**64 - 1), max_size=8),
    padding=st.binary(max_size=40),
)
def test_what_a_header_says_is_read_again_padding_or_not(
    keys: list[bytes], edits: list[int] | None, padding: bytes
) -> None:
    said = Contents(keys=tuple(keys), edits=tuple(edits) if edits is not None else None)
    assert contents(plain + padding for plain in plain_packets(said)) == said


def key_packet(method: int = 0, key: bytes = KEY) -> bytes:
    return struct.pack("<II", 0, method) + key


def edit_packet(*lengths: int, count: int | None = None) -> bytes:
    return struct.pack(f"<II{len(lengths)}Q", 1, len(lengths) if count is None else count, *lengths)


WRONG = {
    "nothing opens": [],
    "an edit list alone": [edit_packet(1, 2)],
    "two edit lists": [key_packet(), edit_packet(1, 2), edit_packet(1, 2)],
    "an unknown type": [key_packet(), struct.pack("<I", 2) + bytes(40)],
    "an unknown data method": [key_packet(method=1)],
    "two data methods": [key_packet(), key_packet(method=1, key=b"k" * 32)],
    "a short key": [key_packet(key=b"k" * 31)],
    "an edit list without count": [key_packet(), struct.pack("<I", 1)],
    "a count beyond the list": [key_packet(), edit_packet(1, 2, count=3)],
    "a giant count": [key_packet(), edit_packet(1, 2, count=2**32 - 1)],
    "a length too many": [key_packet(), edit_packet(*([1] * (MAX_EDITS + 1)))],
    "an empty packet": [key_packet(), b""],
}


@pytest.mark.row("T101")
@pytest.mark.parametrize("name", WRONG)
def test_what_a_hostile_header_says_is_refused(name: str) -> None:
    with pytest.raises(HeaderError):
        contents(WRONG[name])


def test_the_same_key_twice_is_one_key() -> None:
    assert contents([key_packet(), key_packet()]).keys == (KEY,)


def test_no_key_is_shown_where_the_contents_are() -> None:
    assert repr(Contents(keys=(KEY,))) == "Contents(edits=None)"


def test_the_length_is_known_before_anything_is_sealed() -> None:
    assert length_for(Contents(keys=(KEY,))) == 124
    assert length_for(Contents(keys=(KEY,), edits=(1, 2))) == 216


def test_the_last_packet_may_say_nothing_but_its_own_length() -> None:
    made = header(packet(b"", method=1))
    assert (parse(made).packets, parse(made).length) == ((), len(made))


@pytest.mark.parametrize("lengths", [(), (1, 2), (1,) * MAX_EDITS])
def test_an_edit_list_ends_with_its_packet_and_may_be_as_long_as_any(lengths: tuple[int, ...]) -> None:
    assert contents([key_packet(), edit_packet(*lengths)]).edits == lengths


def test_what_is_wrong_is_told_even_where_hardly_anything_is_there() -> None:
    with pytest.raises(HeaderError, match="0 packets; there must be 1 to 256"):
        parse(header(count=0))
    with pytest.raises(HeaderError, match="shorter than a header"):
        parse(header(count=0)[:-1])
    with pytest.raises(HeaderError, match="an edit list is cut off"):
        contents([key_packet(), struct.pack("<I", 1)])
    with pytest.raises(HeaderError, match="unknown type"):
        contents([key_packet(), struct.pack("<I", 1)[:3]])
