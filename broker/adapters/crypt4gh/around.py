"""Contents around contents: a new header before an old body, a file decrypted or encrypted on its way out.

Each is a `ports.sources.Body`: any range of it costs what the range costs. Nothing is held but a few segments.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Sequence

from broker.adapters.crypt4gh.bodies import Buffer, Opener, Sealer, SegmentError
from broker.core.crypt4gh.edits import kept, side_by_side, size_of, within
from broker.core.crypt4gh.header import NONCE_BYTES, Contents
from broker.core.crypt4gh.segments import PLAIN, SEALED, plain_size, plain_span, sealed_size, sealed_span
from broker.core.ranges import Span
from broker.ports.sources import Body, KernelBody, SourceBrokenError


class Behind:
    """A header, and behind it the bytes of another content from `at` on."""

    def __init__(self, header: bytes, body: Body, at: int) -> None:
        self._header, self._body, self._at = header, body, at
        self.size, self.near = len(header) + body.size - at, body.near

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """See ports.sources.Body."""
        length = len(self._header)
        head = self._header[first : last + 1]
        if last < length:
            yield head
            return
        moved = self._at - length
        async for chunk in self._body.read(max(first, length) + moved, last + moved):
            yield head + chunk if head else chunk  # a body that cannot be had fails before its header leaves
            head = b""


class BehindInKernel(Behind):
    """The same where the kernel can copy the body."""

    def __init__(self, header: bytes, body: KernelBody, at: int) -> None:
        super().__init__(header, body, at)
        self._file = body

    def hand_over(self, first: int, last: int, socket: int) -> int | Awaitable[int]:
        """See ports.sources.KernelBody: of the header, nothing."""
        moved = self._at - len(self._header)
        return self._file.hand_over(first + moved, last + moved, socket) if first >= len(self._header) else 0


def behind(header: bytes, body: Body, at: int) -> Body:
    """`header`, then `body` from `at` on."""
    return BehindInKernel(header, body, at) if isinstance(body, KernelBody) else Behind(header, body, at)


class Opened:
    """The plaintext of an encrypted content, edit list applied."""

    def __init__(self, body: Body, at: int, said: Contents) -> None:
        """SourceBrokenError: no body can be so long."""
        self._body, self._at, self._opener = body, at, Opener(said.keys)
        try:
            self._whole = plain_size(body.size - at)
        except ValueError as wrong:
            raise SourceBrokenError(str(wrong)) from None
        self._pieces = kept(said.edits, self._whole)
        self.size, self.near = size_of(self._pieces), body.near

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """See ports.sources.Body."""
        for run in side_by_side(within(self._pieces, Span(first, last))):
            async for chunk in self._run(run):
                yield chunk

    async def _run(self, pieces: Sequence[Span]) -> AsyncIterator[bytes]:
        """These bytes of the plaintext as it is before any edit. A segment that many of them share is opened once."""
        sealed = sealed_span(Span(pieces[0].first, pieces[-1].last), self._whole)
        at, left = sealed.first // SEALED * PLAIN, deque(pieces)
        source = self._body.read(self._at + sealed.first, self._at + sealed.last)
        async for segment in in_pieces(source, sealed.length, SEALED):
            try:
                plain = self._opener.open(segment, at // PLAIN)
            except SegmentError as wrong:
                raise SourceBrokenError(str(wrong)) from None
            del segment  # who reads slowly holds one of the two, and not both
            while left and left[0].first < at + len(plain):
                yield plain[max(left[0].first - at, 0) : left[0].last + 1 - at]
                if left[0].last >= at + len(plain):
                    break
                left.popleft()
            at += len(plain)


class Sealed:
    """A header, and behind it another content encrypted under a key of its own.

    The nonce of a segment is its number: the key is for this content and this reader alone, so none comes twice.
    """

    def __init__(self, plain: Body, header: bytes, said: Contents) -> None:
        self._plain, self._header = plain, header
        self._sealer = Sealer(said.keys[0], lambda number: number.to_bytes(NONCE_BYTES, "little"))
        self.size, self.near = len(header) + sealed_size(plain.size), plain.near

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """See ports.sources.Body."""
        length = len(self._header)
        head = self._header[first : last + 1]
        if last < length:
            yield head
            return
        wanted = Span(max(first - length, 0), last - length)
        plain = plain_span(wanted, self._plain.size)
        at = plain.first // PLAIN * SEALED
        async for piece in in_pieces(self._plain.read(plain.first, plain.last), plain.length, PLAIN):
            sealed = self._sealer.seal(piece, at // SEALED)
            del piece  # who reads slowly holds one of the two, and not both
            yield head + sealed[max(wanted.first - at, 0) : wanted.last + 1 - at]
            head = b""
            at += len(sealed)


async def in_pieces(source: AsyncIterator[bytes], length: int, size: int) -> AsyncIterator[Buffer]:
    """`length` bytes of `source`, cut anew: every piece has `size` bytes, but the last one.

    SourceBrokenError: it ends before, which the format itself would never tell.
    """
    rest, left, whole = bytearray(), length, list[Buffer]()
    async for chunk in source:
        left -= len(chunk)
        view, at = memoryview(chunk), 0
        if rest:
            at = min(size - len(rest), len(chunk))
            rest += view[:at]
            if len(rest) == size:
                whole.append(rest)
                rest = bytearray()
                yield whole.pop()  # held by who asked, and by nobody here
        for end in range(at + size, len(chunk) + 1, size):
            yield view[at:end]
            at = end
        rest += view[at:]
    if left:
        raise SourceBrokenError("it ended too soon")
    if rest:
        yield rest
