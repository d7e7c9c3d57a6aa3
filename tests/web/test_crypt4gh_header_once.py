"""The header of a file that is stored encrypted: the registered one, read once, and for no longer than our keys open it."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from broker.adapters.crypt4gh.archive_keys import ArchiveKeys
from broker.adapters.crypt4gh.envelopes import REMEMBERED, ArchiveEnvelopes
from broker.adapters.crypt4gh.packets import SecretKey, sealed
from broker.adapters.keys import KeyStoreError
from broker.core.crypt4gh.header import Contents, parse
from broker.core.memory import Memory
from broker.core.rows import Envelope, Repository
from broker.ports.sources import SourceBrokenError
from tests import builders as b
from tests.origin import Origin, origin
from tests.web.site import ARCHIVE, Site, site
from tests.web.test_crypt4gh_delivery import ADAS, OBJECTS_KEY, PLAIN, got, opened, registered, stored

SAID = Contents(keys=(OBJECTS_KEY,))
HEADER = sealed(SAID, [ARCHIVE.public], b"s" * 32)


def envelope(header: bytes = HEADER, **changes: str) -> Envelope:
    digest = hashlib.sha256(header).hexdigest()
    return replace(Envelope(header=len(header), size=1000, sha256="0" * 64, header_sha256=digest), **changes)  # type: ignore[arg-type]


class Keys(ArchiveKeys):
    """Keys that a test changes."""

    def __init__(self, *keys: SecretKey) -> None:
        self.keys = keys

    def all(self) -> tuple[SecretKey, ...]:
        if not self.keys:
            raise KeyStoreError("there is no Crypt4GH key")
        return self.keys


class Store:
    """A store that counts how often it is asked for a header."""

    def __init__(self, header: bytes = HEADER) -> None:
        self.header, self.asked = header, 0

    async def read(self) -> bytes:
        self.asked += 1
        return self.header


def made(*keys: SecretKey) -> tuple[ArchiveEnvelopes, Keys]:
    held = Keys(*(keys or (ARCHIVE,)))
    return ArchiveEnvelopes(held, b"e" * 32, lambda size: b"r" * size), held


@pytest.mark.row("C4GH-REMEMBERED")
async def test_a_header_is_read_once() -> None:
    envelopes, _ = made()
    store = Store()
    for _ in range(3):
        assert await envelopes.contents(envelope(), store.read) == SAID
    assert store.asked == 1
    unknown = replace(envelope(), header_sha256="")
    for _ in range(2):
        assert await envelopes.contents(unknown, store.read) == SAID
    assert store.asked == 3, "one whose digest was not noted is read every time"


@pytest.mark.row("C4GH-REMEMBERED")
async def test_with_another_key_it_is_read_again_and_without_its_key_it_opens_no_more() -> None:
    envelopes, keys = made()
    store, newer = Store(), SecretKey.of(b"n" * 32)
    assert await envelopes.contents(envelope(), store.read) == SAID
    keys.keys = (newer, ARCHIVE)
    assert await envelopes.contents(envelope(), store.read) == SAID
    assert store.asked == 2
    for without in ((newer,), ()):
        keys.keys = without
        with pytest.raises(SourceBrokenError):
            await envelopes.contents(envelope(), store.read)


WRONG: dict[str, Callable[[], tuple[bytes, Envelope]]] = {
    "of the same keys, made anew": lambda: (sealed(SAID, [ARCHIVE.public], b"t" * 32), envelope()),
    "of other keys": lambda: (sealed(Contents(keys=(b"x" * 32,)), [ARCHIVE.public], b"s" * 32), envelope()),
    "for nobody of us": lambda: (sealed(SAID, [ADAS.public], b"s" * 32), envelope()),
    "cut off": lambda: (HEADER[:-1], envelope()),
    "longer": lambda: (HEADER + b"x", envelope()),
    "of another length than was said": lambda: (HEADER, replace(envelope(), header=100)),
    "of another length, and no digest": lambda: (HEADER, replace(envelope(), header=100, header_sha256="")),
}


@pytest.mark.row("C4GH-REMEMBERED", "T101")
@pytest.mark.parametrize("case", WRONG)
async def test_another_header_is_not_used_and_not_remembered(case: str) -> None:
    given, said = WRONG[case]()
    envelopes, _ = made()
    store = Store(given)
    for _ in range(2):
        with pytest.raises(SourceBrokenError):
            await envelopes.contents(said, store.read)
    assert store.asked == 2
    if said == envelope():
        store.header = HEADER
        assert await envelopes.contents(said, store.read) == SAID, "the right one is taken as soon as it is there"


async def test_what_is_remembered_is_bounded() -> None:
    envelopes, _ = made()
    envelopes._memory = Memory(2_000)
    for n in range(20):
        header = sealed(Contents(keys=(OBJECTS_KEY,)), [ARCHIVE.public], bytes([n]) * 32)
        await envelopes.contents(envelope(header), Store(header).read)
    assert len(envelopes._memory) == 2_000 // (256 + 72)
    many = Contents(keys=(OBJECTS_KEY,), edits=tuple(range(30_000)))
    long = sealed(many, [ARCHIVE.public], b"s" * 32)
    assert await envelopes.contents(envelope(long), Store(long).read) == many
    assert len(envelopes._memory) <= 2_000 // (256 + 72), "what is heavier than all of it is not kept"
    assert REMEMBERED <= 64 << 20


@asynccontextmanager
async def far(folder: Path, file: bytes) -> AsyncIterator[tuple[Site, Origin]]:
    """An encrypted file at an origin, whose header is noted."""
    length = parse(file).length
    said = Envelope(
        header=length,
        size=len(file),
        sha256=hashlib.sha256(file).hexdigest(),
        header_sha256=hashlib.sha256(file[:length]).hexdigest(),
    )
    one = b.drs_object(size=len(PLAIN), checksums={"sha-256": hashlib.sha256(PLAIN).hexdigest()}, envelope=said)
    async with origin(**{"obj-1.bam": file}) as store:
        home = Repository(id="bank", name="Bank", root=store.base, internal=True)
        data = b.dataset(plaintext=True)
        async with site(folder, registered(), content=file, one=one, dataset=data, repository=home) as s:
            yield s, store


@pytest.mark.row("C4GH-REMEMBERED")
@pytest.mark.parametrize("way", ["crypt4gh", "https"])
async def test_a_download_in_pieces_asks_the_store_once_for_each_piece(tmp_path: Path, way: str) -> None:
    async with far(tmp_path, stored()) as (s, store):
        whole = await got(s, way)
        before = len(store.asked)
        pieces = [await got(s, way, Range=f"bytes={at}-{at + 49_999}") for at in range(0, 150_000, 50_000)]
        assert b"".join(pieces) == whole[:150_000]
        assert len(store.asked) - before == 3


@pytest.mark.row("C4GH-REMEMBERED", "T094")
async def test_a_store_that_holds_another_file_now_is_refused_whether_its_header_was_read_or_not(
    tmp_path: Path,
) -> None:
    file = stored()
    other = sealed(Contents(keys=(b"o" * 32,)), [ARCHIVE.public], b"s" * 32) + stored()[124:]
    async with far(tmp_path, file) as (s, store):
        store.files["/store/obj-1.bam"] = other
        path, headers = await opened(s, "https")
        answer = await s.http.get(path, headers=headers)
        assert (answer.status, (await answer.json())["code"]) == (502, "SRV-SOURCE")
        store.files["/store/obj-1.bam"] = file
        assert await got(s, "https") == PLAIN
