"""Every form in which bytes leave, times every way in which the store that holds them can misbehave: one table.

Whatever the store does, the caller gets the right bytes, an error in place of them, or a transfer that breaks; and the
record says how far it came.
"""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.core.crypt4gh.header import parse
from broker.core.crypt4gh.segments import PLAIN, SEALED
from broker.core.rows import Envelope, Repository, Row
from tests import builders as b
from tests import genomic
from tests.origin import MORE, Origin, origin
from tests.web.regions import READS, Regions, files
from tests.web.site import PATIENCE, Site, site
from tests.web.test_crypt4gh_delivery import registered, stored
from tests.web.test_htsget_filtered import COHORT, cohort, consents, withdrawn
from tests.web.test_htsget_sealed import REGION, vault

CONTENT = hashlib.shake_256(b"what a store holds").digest(400_000)
FILE = stored(CONTENT)
HEADER = 124
"""Bytes of a Crypt4GH header with one key."""


@dataclass
class Hostile:
    """A form of delivery from an origin, and how to ask for it."""

    site: Site
    far: Origin
    path: str
    headers: Mapping[str, str]
    length: int | None = None
    """Bytes of the one request that the origin is asked by; None: it is asked by several."""
    leave: Callable[[int], int] = int
    """How many bytes may leave when so many came."""

    def lies(self, how: str, before: int) -> None:
        """From now on, after so many honest answers."""
        self.far.how, self.far.honest = how, len(self.far.asked) + before
        silent = how in ("silent", "stalls")
        self.site.broker.sources._origins._seconds = 0.2 if silent else 30.0  # type: ignore[attr-defined]


Form = Callable[[Path], AbstractAsyncContextManager[Hostile]]


@asynccontextmanager
async def held(
    folder: Path, holds: Mapping[str, bytes], *rows: Row, **changes: Any
) -> AsyncIterator[tuple[Site, Origin]]:
    async with origin(**holds) as far:
        home = Repository(id="bank", name="Bank", root=far.base, internal=True)
        async with site(folder, *rows, repository=home, **changes) as s:
            yield s, far


async def ticket(s: Site, way: str, **more: str) -> tuple[str, dict[str, str]]:
    answer = await s.http.get(f"/ga4gh/drs/v1/objects/obj-1/access/{way}", headers=s.headers())
    assert answer.status == 200, await answer.text()
    told = await answer.json()
    return told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"]) | more


def proxied(
    way: str, *, encrypted: bool, length: int | None, leave: Callable[[int], int] = int, noted: bool = True, **more: str
) -> Form:
    """An object as DRS gives it. `noted`: the digest of its header is known, so that it is read once."""

    @asynccontextmanager
    async def form(folder: Path) -> AsyncIterator[Hostile]:
        file = FILE if encrypted else CONTENT
        digest = hashlib.sha256(FILE[:HEADER]).hexdigest() if noted else ""
        sealed = Envelope(
            header=parse(FILE).length, size=len(FILE), sha256=hashlib.sha256(FILE).hexdigest(), header_sha256=digest
        )
        one = b.drs_object(
            size=len(CONTENT),
            checksums={"sha-256": hashlib.sha256(CONTENT).hexdigest()},
            envelope=sealed if encrypted else None,
        )
        data = b.dataset(plaintext=True)
        async with held(folder, {"obj-1.bam": file}, registered(), content=file, one=one, dataset=data) as (s, far):
            path, headers = await ticket(s, way, **more)
            yield Hostile(s, far, path, headers, length, leave)

    return form


def sliced(
    which: str,
    make: Callable[[Path], tuple[Row, ...]],
    asked: str,
    before: Callable[[Regions], Awaitable[None]] | None = None,
) -> Form:
    """A slice as htsget gives it: the last address of the ticket."""

    @asynccontextmanager
    async def form(folder: Path) -> AsyncIterator[Hostile]:
        rows = make(folder)
        async with held(folder, _beside(folder, which), *rows) as (s, far):
            if before is not None:
                await before(Regions(s, folder))
            urls = (await Regions(s, folder).ticket(asked))["urls"]
            one = [each for each in urls if "headers" in each][-1]
            yield Hostile(s, far, one["url"].removeprefix(b.US), one["headers"])

    return form


def _beside(folder: Path, which: str) -> dict[str, bytes]:
    """File and index, and what was made of them in `folder`."""
    return {one.name: one.read_bytes() for one in (*files()[which], *folder.glob("*.c4gh"))}


WHOLE = len(CONTENT)
FORMS: dict[str, Form] = {
    "whole": proxied("https", encrypted=False, length=WHOLE),
    "range": proxied("https", encrypted=False, length=300_000, Range="bytes=5-300004"),
    "several ranges": proxied("https", encrypted=False, length=None, Range="bytes=5-99999,200000-399998"),
    "new header": proxied("crypt4gh", encrypted=True, length=len(FILE) - HEADER, leave=lambda came: HEADER + came),
    "decrypted": proxied(
        "https", encrypted=True, length=len(FILE) - HEADER, leave=lambda came: came // SEALED * PLAIN
    ),
    "encrypted": proxied(
        "crypt4gh", encrypted=False, length=WHOLE, leave=lambda came: HEADER + came // PLAIN * SEALED
    ),
    "slice": sliced("BAM/BAI cut", lambda _: (genomic.registered(*files()["BAM/BAI cut"]),), f"{READS}/cut/bam?{REGION}"),
    "encrypted slice": sliced("BAM/BAI", lambda folder: (vault(folder), registered()), f"{READS}/vault?{REGION}"),
    "filtered": sliced("VCF/TBI", lambda _: (cohort(), *consents()), COHORT, withdrawn),
}  # fmt: skip

BEFORE = ["status 500", "status 403", "redirect", "other range", "other size", "too long a length", "too short a length", "compressed", "silent"]  # fmt: skip
"""The origin shows at once that it is not to be trusted."""
CAME: dict[str, Callable[[int], int]] = {
    "truncates": lambda length: length // 2,
    "stalls": lambda length: length // 2,
    "one byte short": lambda length: length - 1,
    "chunked short": lambda length: length - 3,
    "an error page": lambda length: length // 2 + len(MORE["an error page"]),
}
"""The origin breaks off when so many bytes came."""
LATER = "chunked long"
"""The same, who knows where; or never, where what is asked for is had already."""


@pytest.mark.row("T094", "T095", "F33", "DW-HOSTILE")
@pytest.mark.parametrize("form", FORMS)
async def test_whatever_the_store_does_nothing_wrong_looks_whole(tmp_path: Path, form: str) -> None:
    async with FORMS[form](tmp_path) as h:
        right = await taken(h)
        assert (right.status in (200, 206), right.whole) == (True, True)
        for lie in (*BEFORE, *CAME, LATER):
            h.lies(lie, 0)
            got = await taken(h)
            seen = (lie, got.status, len(got.body), got.whole, got.end, got.sent)
            if lie in BEFORE:
                assert got.status == 502, seen
            assert_broken(got, len(right.body), seen)
            if h.length is not None and lie in CAME:
                assert got.sent == h.leave(CAME[lie](h.length)), seen
        h.lies("honest", 0)
        again = await taken(h)
        assert (again.body, again.end) == (right.body, "complete"), "and it goes on afterwards"


@pytest.mark.row("T094", "T095", "DW-HOSTILE")
@pytest.mark.parametrize("form", FORMS)
async def test_a_store_that_fails_after_its_first_answer_breaks_what_it_answered_in_parts(
    tmp_path: Path, form: str
) -> None:
    async with FORMS[form](tmp_path) as h:
        await taken(h)  # what is remembered is asked for no more
        before = len(h.far.asked)
        right = await taken(h)
        for answers in range(1, len(h.far.asked) - before):
            for lie in ("status 500", "redirect", "truncates"):
                h.lies(lie, answers)
                got = await taken(h)
                seen = (lie, answers, got.status, len(got.body), got.whole, got.end, got.sent)
                assert_broken(got, len(right.body), seen)


@pytest.mark.row("T094", "DW-HOSTILE")
@pytest.mark.parametrize("way", ["crypt4gh", "https"])
async def test_without_its_header_an_encrypted_file_is_not_even_begun(tmp_path: Path, way: str) -> None:
    async with proxied(way, encrypted=True, length=None, noted=False)(tmp_path) as h:
        for lie in (*BEFORE, *CAME, LATER):
            h.lies(lie, 0)
            got = await taken(h)
            assert (got.status, got.end) == (502, None), lie


@dataclass
class Taken:
    """An answer as it came over the wire, and what is on record of it."""

    status: int
    body: bytes
    whole: bool
    end: str | None
    """None: nothing was authorised."""
    sent: int


def assert_broken(got: Taken, size: int, seen: object) -> None:
    """An error in place of the bytes, and nothing on record but that; or a transfer that broke, and what left."""
    if got.status == 502:
        assert (got.whole, got.sent, got.end in (None, "incomplete")) == (True, 0, True), seen
        return
    assert (got.status in (200, 206), got.whole, got.end) == (True, False, "incomplete"), seen
    assert len(got.body) <= got.sent < size, seen


async def taken(h: Hostile) -> Taken:
    s, before = h.site, len(h.site.stage.ledger.entries)
    raw = await asyncio.to_thread(_read, h.site.http.port or 0, h.path, h.headers)
    for _ in range(500):
        entries = s.stage.ledger.entries[before:]
        if [one.kind for one in entries].count("download.authorised") == [one.kind for one in entries].count(
            "download.end"
        ):
            break
        await asyncio.sleep(0.01)
    ends = [one.about for one in entries if one.kind == "download.end"]
    assert len(ends) <= 1
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])}
    body, whole = _unframed(fields, body)
    about = ends[0] if ends else {}
    end, sent = about.get("end"), about.get("sent")
    return Taken(
        int(head.split()[1]), body, whole, str(end) if end else None, int(sent) if isinstance(sent, int) else 0
    )


def _read(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """All that comes until the connection ends, however it ends. TimeoutError: it neither ends nor goes on."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode())
        try:
            while piece := line.recv(1 << 16):
                got += piece
        except ConnectionError:
            pass
    return got


def _unframed(fields: Mapping[bytes, bytes], body: bytes) -> tuple[bytes, bool]:
    """The content of a body, and whether it is all there (RFC 9112 sections 6.3 and 8). Of several ranges: theirs."""
    if fields.get(b"transfer-encoding") != b"chunked":
        whole = len(body) == int(fields[b"content-length"])
        media = fields.get(b"content-type", b"")
        if not media.startswith(b"multipart/byteranges"):
            return body, whole
        parts = body.split(b"\r\n--" + media.partition(b"boundary=")[2])
        return b"".join(part.partition(b"\r\n\r\n")[2] for part in parts), whole
    content, whole = b"", False
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        whole = not length
        content, body = content + rest[:length], rest[length + 2 :]
    return content, whole
