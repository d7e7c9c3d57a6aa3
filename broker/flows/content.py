"""What exactly is sent for a ticket: an object in one of its forms, and how long that is, before a byte is read.

The place where a form is chosen. `content_of` answers for the object as it lies there; another form (a header that is
encrypted anew for the asker, a file decrypted on the way) is one more answer here: its own size, tag and digest, and
a body around the stored one (ports/sources.py). Ranges, records, cuts and counts follow from the answer.

One form of one object has one content (ruling 25): whoever asks twice within a ticket gets the same bytes, or a
download that was taken up again would be joined from two contents. `tag` tells forms apart.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from broker.flows.deliver import Shown
from broker.ports.sources import Body, Sources


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
    """Which form it is, for the record: `stored`, or another word of ours."""
    open: Callable[[], AbstractAsyncContextManager[Body]]
    """The bytes, as long as the context lasts. SourceBrokenError on entering, if they are not as registered."""


async def content_of(sources: Sources, shown: Shown) -> Content:
    """The form in which the ticket's object is sent. SourceBrokenError: where it must be read for that, and cannot."""
    row, repository = shown.object, shown.repository
    return Content(
        size=row.size,
        media_type=row.mime_type,
        name=row.name,
        tag=row.checksums["sha-256"],
        sha256=row.checksums["sha-256"],
        form="stored",
        open=lambda: sources.open(repository, row.path, row.size),
    )
