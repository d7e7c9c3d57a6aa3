"""Contents around contents: any range, whatever the pieces in which the source comes; nothing short looks whole."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.adapters.crypt4gh.around import Behind, Opened, Sealed, behind, in_pieces
from broker.adapters.crypt4gh.bodies import Buffer
from broker.core.crypt4gh.edits import kept
from broker.core.crypt4gh.header import Contents
from broker.core.crypt4gh.segments import PLAIN, SEALED
from broker.ports.sources import Body, KernelBody, SourceBrokenError
from tests.adapters.crypt4gh.test_packets_and_bodies import DATA_KEY, content
from tests.adapters.crypt4gh.whole import open_all, seal_all

TEXT = content(3 * PLAIN + 7)
STORED = b"head" + seal_all(DATA_KEY, TEXT)
SAID = Contents(keys=(DATA_KEY,))


class Held:
    """A content in memory that comes in chunks of these sizes, again and again; `lost`: bytes that never come."""

    def __init__(self, held: bytes, chunks: Sequence[int] = (256 * 1024,), lost: int = 0) -> None:
        self._held, self._chunks, self._lost = held, chunks, lost
        self.size, self.near = len(held), True

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        at, turn = first, 0
        while at <= last - self._lost:
            end = min(at + self._chunks[turn % len(self._chunks)], last + 1 - self._lost)
            yield self._held[at:end]
            at, turn = end, turn + 1


class Counted(Held):
    asked = 0

    def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        self.asked += 1
        return super().read(first, last)


class File(Held):
    def hand_over(self, first: int, last: int, socket: int) -> int:
        del socket
        self.handed = (first, last)
        return last + 1 - first


async def read(body: Body, first: int, last: int) -> bytes:
    return b"".join([chunk async for chunk in body.read(first, last)])


CHUNKS = st.lists(st.integers(1, 3 * SEALED), min_size=1, max_size=4)
EDITS = st.none() | st.lists(st.integers(0, 2 * PLAIN), max_size=6).map(tuple)


@settings(max_examples=40)
@given(chunks=CHUNKS, edits=EDITS, data=st.data())
async def test_any_range_of_the_plaintext(
    chunks: list[int], edits: tuple[int, ...] | None, data: st.DataObject
) -> None:
    chunks = [max(size, 3000) for size in chunks]
    body = Opened(Held(STORED, chunks), 4, Contents(keys=(DATA_KEY,), edits=edits))
    whole = b"".join(TEXT[one.first : one.last + 1] for one in kept(edits, len(TEXT)))
    assert body.size == len(whole)
    if whole:
        first = data.draw(st.integers(0, len(whole) - 1))
        last = data.draw(st.integers(first, len(whole) - 1))
        assert await read(body, first, last) == whole[first : last + 1]


@pytest.mark.row("T101")
async def test_however_many_pieces_an_edit_list_keeps_each_segment_is_read_and_opened_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edits = (1,) * 2 * 1_000 + (2 * PLAIN, 1, 1, 1)
    store, opened = Counted(STORED), list[int]()
    body = Opened(store, 4, Contents(keys=(DATA_KEY,), edits=edits))
    open = body._opener.open

    def counted(segment: Buffer, number: int) -> bytes:
        opened.append(number)
        return open(segment, number)

    monkeypatch.setattr(body._opener, "open", counted)
    whole = await read(body, 0, body.size - 1)
    assert whole == b"".join(TEXT[one.first : one.last + 1] for one in kept(edits, len(TEXT)))
    assert (store.asked, opened) == (2, [0, 2])


@settings(max_examples=40)
@given(chunks=CHUNKS, data=st.data())
async def test_any_range_of_what_is_encrypted_on_the_way(chunks: list[int], data: st.DataObject) -> None:
    chunks = [max(size, 3000) for size in chunks]
    body = Sealed(Held(TEXT, chunks), b"header", SAID)
    whole = await read(Sealed(Held(TEXT), b"header", SAID), 0, body.size - 1)
    assert (whole[:6], open_all([DATA_KEY], whole[6:])) == (b"header", TEXT)
    first = data.draw(st.integers(0, body.size - 1))
    last = data.draw(st.integers(first, body.size - 1))
    assert await read(body, first, last) == whole[first : last + 1]


@given(first=st.integers(0, 109), length=st.integers(1, 110))
async def test_any_range_of_a_header_and_what_is_behind_it(first: int, length: int) -> None:
    whole = b"h" * 10 + TEXT[24:124]
    last = min(first + length, len(whole)) - 1
    body = Behind(b"h" * 10, Held(TEXT[:124]), 24)
    assert body.size == len(whole)
    assert await read(body, first, last) == whole[first : last + 1]


async def test_the_kernel_copies_the_body_and_never_the_header() -> None:
    file = File(TEXT)
    body = behind(b"h" * 10, file, 24)
    assert isinstance(body, KernelBody)
    assert body.hand_over(9, 50, 0) == 0
    assert body.hand_over(10, 50, 0) == 41
    assert file.handed == (24, 64)
    assert not isinstance(behind(b"h", Held(TEXT), 24), KernelBody)


@pytest.mark.row("T094")
@pytest.mark.parametrize("lost", [1, SEALED, 2 * SEALED])
async def test_a_source_that_ends_too_soon_breaks_the_transfer(lost: int) -> None:
    for body in (Opened(Held(STORED, lost=lost), 4, SAID), Sealed(Held(TEXT, lost=lost), b"header", SAID)):
        with pytest.raises(SourceBrokenError):
            await read(body, 0, body.size - 1)


async def test_a_segment_of_another_file_breaks_the_transfer() -> None:
    other = seal_all(b"x" * 32, TEXT)
    mixed = STORED[: 4 + SEALED] + other[SEALED : 2 * SEALED] + STORED[4 + 2 * SEALED :]
    body = Opened(Held(mixed), 4, SAID)
    assert await read(body, 0, 9) == TEXT[:10]
    with pytest.raises(SourceBrokenError, match="segment 1 "):
        await read(body, 0, body.size - 1)
    with pytest.raises(SourceBrokenError, match="cut off"):
        Opened(Held(STORED[:-20]), 4, SAID)


@given(sizes=st.lists(st.integers(1, 9), max_size=30), size=st.integers(1, 7))
async def test_pieces_are_cut_anew(sizes: list[int], size: int) -> None:
    whole = bytes(range(sum(sizes) % 251)) + bytes(sum(sizes) - sum(sizes) % 251)

    async def source() -> AsyncIterator[bytes]:
        at = 0
        for one in sizes:
            yield whole[at : at + one]
            at += one

    found = [bytes(one) async for one in in_pieces(source(), len(whole), size)]
    assert b"".join(found) == whole
    assert all(len(one) == size for one in found[:-1])
    assert not found or 0 < len(found[-1]) <= size
