"""What exactly is sent for a ticket: an object in one of its forms, and how long that is, before a byte is read.

The place where a form is chosen. Four of them: an object goes as it lies there (`stored`); one that is stored
encrypted is decrypted on the way (`plain`), where its owner allows that; or it gets a header for the reader before its
own body, which is not touched (`header`); and what lies there in the clear, or is a part of the file that holds it, is
encrypted for the reader under a key of its own (`sealed`).

One form of one object has one content for one reader (ruling 25): whoever asks twice gets the same bytes, or a
download that was taken up again would be joined from two contents. `tag` tells forms apart.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from broker.core.crypt4gh.header import Contents
from broker.core.crypt4gh.segments import sealed_size
from broker.core.rows import DrsObject, Envelope
from broker.flows.deliver import Shown
from broker.ports.envelopes import Envelopes
from broker.ports.sources import Body, Sources

SEALED_TYPE = "application/octet-stream"
"""Crypt4GH has no media type of its own."""
SEALED_SUFFIX = ".c4gh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What will be sent. `size` in bytes; `tag`: names these very bytes, of characters that an entity tag may have."""

    size: int
    media_type: str
    name: str
    tag: str
    sha256: str | None
    """Of the whole content, hexadecimal; None: not known beforehand."""
    form: str
    """Which form it is, for the record: `stored`, `plain`, `header` or `sealed`."""
    open: Callable[[], AbstractAsyncContextManager[Body]]
    """The bytes, as long as the context lasts. SourceBrokenError on entering, if they are not as registered."""


async def content_of(sources: Sources, envelopes: Envelopes, shown: Shown) -> Content:
    """The form in which the ticket's object is sent. SourceBrokenError: what is stored was read for it in vain."""
    row = shown.object

    def stored() -> AbstractAsyncContextManager[Body]:
        return sources.open(shown.repository, row.path, stored_size(row), row.source_tag)

    if row.envelope is None:
        return _as_it_is(row, stored, "stored") if shown.reader is None else _sealed(envelopes, shown, stored)
    said = await envelopes.contents(row.envelope, partial(_header, stored, row.envelope))

    def plain() -> AbstractAsyncContextManager[Body]:
        return _opened(envelopes, stored, row, said)

    if shown.reader is None:
        return _as_it_is(row, plain, "plain")
    if said.edits is not None:
        return _sealed(envelopes, shown, plain)
    return _behind(envelopes, shown, stored, row.envelope, said)


def stored_size(row: DrsObject) -> int:
    """How many bytes the file has in which an object lies."""
    return row.size if row.envelope is None else row.envelope.size


async def _header(stored: Callable[[], AbstractAsyncContextManager[Body]], envelope: Envelope) -> bytes:
    async with stored() as body:
        return b"".join([chunk async for chunk in body.read(0, envelope.header - 1)])


def _as_it_is(row: DrsObject, open: Callable[[], AbstractAsyncContextManager[Body]], form: str) -> Content:
    """The content itself, as it was registered."""
    return Content(
        size=row.size,
        media_type=row.mime_type,
        name=row.name,
        tag=row.checksums["sha-256"],
        sha256=row.checksums["sha-256"],
        form=form,
        open=open,
    )


@asynccontextmanager
async def _opened(
    envelopes: Envelopes, stored: Callable[[], AbstractAsyncContextManager[Body]], row: DrsObject, said: Contents
) -> AsyncIterator[Body]:
    """The plaintext. Who sends it sees that it is as long as was registered: the format itself tells of no cut."""
    at = row.envelope.header if row.envelope is not None else 0
    async with stored() as body:
        yield envelopes.opened(body, at, said)


def _behind(
    envelopes: Envelopes,
    shown: Shown,
    stored: Callable[[], AbstractAsyncContextManager[Body]],
    envelope: Envelope,
    said: Contents,
) -> Content:
    """The stored body, untouched, behind a header for the reader. The data key goes with it."""
    header = envelopes.header(said, shown.reader or b"", _about(shown))

    @asynccontextmanager
    async def open() -> AsyncIterator[Body]:
        async with stored() as body:
            yield envelopes.behind(header, body, envelope.header)

    return _for_reader(shown, len(header) + envelope.size - envelope.header, header, envelope.sha256, "header", open)


def _sealed(envelopes: Envelopes, shown: Shown, plain: Callable[[], AbstractAsyncContextManager[Body]]) -> Content:
    """The content, encrypted for the reader under a key of its own: nothing that is not theirs can be read with it."""
    row, reader = shown.object, shown.reader or b""
    said = envelopes.fresh(reader, _about(shown))
    header = envelopes.header(said, reader, _about(shown))

    @asynccontextmanager
    async def open() -> AsyncIterator[Body]:
        async with plain() as body:
            yield envelopes.sealed(body, header, said)

    size = len(header) + sealed_size(row.size)
    return _for_reader(shown, size, header, row.checksums["sha-256"], "sealed", open)


def _for_reader(
    shown: Shown,
    size: int,
    header: bytes,
    body: str,
    form: str,
    open: Callable[[], AbstractAsyncContextManager[Body]],
) -> Content:
    """A file for one reader. Its digest is known to nobody beforehand, but header and body name it."""
    return Content(
        size=size,
        media_type=SEALED_TYPE,
        name=shown.object.name + SEALED_SUFFIX,
        tag=hashlib.sha256(header + body.encode()).hexdigest(),
        sha256=None,
        form=form,
        open=open,
    )


def _about(shown: Shown) -> str:
    """What a key or a header is for: this content for this person, today and tomorrow, whatever the ticket."""
    return f"{shown.object.id} {shown.object.checksums['sha-256']} {shown.person.id}"
