"""Regions of a file leave encrypted for the key of who asked: as one Crypt4GH file, made on its way (htsget).

What a client would join of a ticket in the clear (header, ranges, end) is the content here; it is encrypted as a whole
under a key that is for these very bytes and this reader alone. So nothing outside the regions can be read with it
(settled question 25), and whoever asks twice gets the same bytes.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from broker.core.crypt4gh.segments import sealed_size
from broker.core.htsget.bgzf import Piece, VirtualRange
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.ranges import Span
from broker.flows.content import SEALED_SUFFIX, SEALED_TYPE, Content
from broker.flows.deliver import Shown, show
from broker.flows.use_data import Refused
from broker.flows.world import World
from broker.ports.envelopes import Envelopes
from broker.ports.regions import Regions
from broker.ports.sources import Body

FORM = "sealed regions"
"""How the record calls it."""


class Joined:
    """Pieces of a content, one behind the other: bytes as they are, and spans of `body`."""

    def __init__(self, pieces: Sequence[Piece], body: Body) -> None:
        self._pieces, self._body = pieces, body
        self.size, self.near = size_of(pieces), body.near

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """See ports.sources.Body."""
        at = 0
        for piece in self._pieces:
            length = _length(piece)
            begin, end = max(first - at, 0), min(last - at, length - 1)
            at += length
            if begin > end:
                continue
            if isinstance(piece, bytes):
                yield piece[begin : end + 1]
            else:
                async for chunk in self._body.read(piece.first + begin, piece.first + end):
                    yield chunk


def size_of(pieces: Sequence[Piece]) -> int:
    """How many bytes they are together."""
    return sum(map(_length, pieces))


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.length


async def show_sealed(w: World, access_id: str, object: ObjectId) -> Shown | Refused | Reason:
    """May these regions be asked for now? AUTH-TICKET-INVALID: the ticket is for something else."""
    shown = await show(w, access_id, object)
    if isinstance(shown, Shown) and (shown.reader is None or not shown.access.in_regions):
        return Reason(code="AUTH-TICKET-INVALID")
    return shown


async def content_of_regions(regions: Regions, envelopes: Envelopes, shown: Shown) -> Content:
    """The file that the ticket stands for. SourceBrokenError: what is stored was read for it in vain."""
    row, reader = shown.object, shown.reader or b""
    plan = await regions.pieces(shown.repository, row, tuple(VirtualRange(*cut) for cut in shown.access.cuts))
    pieces = (*plan.header, *plan.body)
    about = f"{row.id} {row.checksums['sha-256']} {shown.person.id} regions {_digest(pieces)}"
    said = envelopes.fresh(reader, about)
    header = envelopes.header(said, reader, about)

    @asynccontextmanager
    async def open() -> AsyncIterator[Body]:
        async with regions.content(shown.repository, row) as body:
            yield envelopes.sealed(Joined(pieces, body), header, said)

    return Content(
        size=len(header) + sealed_size(size_of(pieces)),
        media_type=SEALED_TYPE,
        name=row.name + SEALED_SUFFIX,
        tag=hashlib.sha256(header).hexdigest(),
        sha256=None,
        form=FORM,
        open=open,
    )


def _digest(pieces: Sequence[Piece]) -> str:
    """Of what the pieces are: with other bytes inside the ticket it is another content, under another key."""
    found = hashlib.sha256()
    for piece in pieces:
        said = b"%d-%d" % (piece.first, piece.last) if isinstance(piece, Span) else hashlib.sha256(piece).digest()
        found.update(b"%d:%b" % (len(said), said))
    return found.hexdigest()
