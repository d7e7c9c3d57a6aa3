"""How are bytes had from a store over HTTP that may be broken or hostile? Piece by piece, and each checked.

No redirect is followed, no private address is asked unless the repository is `internal`, nothing compressed is taken.
The answer must be the very range of a content of the very size that was registered, under one entity tag for as long
as a body is open. The last piece comes out only when the origin has ended where it said: whatever it does, the
client's transfer breaks or is right.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Self

import aiohttp

from broker.adapters.outgoing import session
from broker.adapters.repositories.addresses import Addresses
from broker.core.ranges import Span, content_range
from broker.core.rows import Repository
from broker.ports.sources import SourceBrokenError

BUFFER: Final = 256 * 1024
"""Bytes that are read ahead: what one stream holds."""
_GOOD_FOR = 900
"""Seconds for which an address is signed: it is used at once, and clocks differ."""
_MOST = 4096
"""Connections to one store: as many as clients of ours."""
_OK, _PARTIAL = 200, 206
_SIZED = re.compile(r"[0-9]{1,19}")


class Origins:
    """The `Sources` of repositories that are reached over HTTP. Make it inside the running loop; `close` it."""

    def __init__(self, addresses: Addresses, *, seconds: float = 30.0) -> None:
        """`seconds`: for which an origin may say nothing."""
        self._addresses = addresses
        self._seconds = seconds
        self._public = session(internal=False, per_host=_MOST, buffer=BUFFER)
        self._internal = session(internal=True, per_host=_MOST, buffer=BUFFER)

    async def close(self) -> None:
        await self._public.close()
        await self._internal.close()

    @asynccontextmanager
    async def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AsyncIterator["OriginBody"]:
        """The object, if it is there as registered; the origin is asked when it is read. SourceBrokenError."""
        url, fields = await self._addresses.of(repository, path, _GOOD_FOR)
        if not url.startswith("https://") and not (repository.internal and url.startswith("http://")):
            raise SourceBrokenError(f"{repository.id}: not an https address")
        web = self._internal if repository.internal else self._public
        yield OriginBody(web, url, fields, size, f'"{tag}"' if tag else "", self._seconds)

    async def signed(self, repository: Repository, path: str, seconds: int) -> str:
        """See ports.Sources. What needs no credentials, or a header, is not signed."""
        url, _ = await self._addresses.of(repository, path, seconds)
        if repository.cloud_protocol is None or not repository.credentials:
            raise SourceBrokenError(f"{repository.id}: signs no addresses")
        return url


class _Silence:
    """Notices an origin that says nothing for so many seconds, by one timer for all of an answer.

    Only what the origin is waited for counts, not what the reader takes for a piece. It ends the answer, of which
    whoever waits hears; a timer for each piece would cost more than the piece.
    """

    def __init__(self, response: aiohttp.ClientResponse, seconds: float) -> None:
        self._response, self._seconds = response, seconds
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._silent = False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def broken_by(self, content: aiohttp.StreamReader, held: list[bytes]) -> bool:
        """Is there a next piece? It is the last one in `held`. TimeoutError."""
        self._since = self._loop.time()
        self._flow(on=True)
        try:
            if piece := await content.readany():
                held.append(piece)
            return bool(piece)
        except aiohttp.ClientError:
            if self._silent:
                raise TimeoutError from None
            raise
        finally:
            self._since = None
            self._flow(on=False)

    def _flow(self, *, on: bool) -> None:
        """Take bytes from the connection only while somebody waits for them: what nobody takes lies in the kernel.

        A connection that has given everything is no longer ours.
        """
        connection = self._response.connection
        transport = connection.transport if connection is not None else None
        if isinstance(transport, asyncio.Transport) and not transport.is_closing():
            (transport.resume_reading if on else transport.pause_reading)()

    def _look(self) -> None:
        now = self._loop.time()
        ends = (now if self._since is None else self._since) + self._seconds
        if now < ends:
            self._timer = self._loop.call_at(ends, self._look)
            return
        self._silent = True
        self._response.content.set_exception(aiohttp.ClientConnectionError("silent"))
        self._response.close()


class OriginBody:
    """One object of a store over HTTP. Whoever reads on later asks the store again."""

    near: Final = False

    def __init__(
        self, web: aiohttp.ClientSession, url: str, fields: Mapping[str, str], size: int, tag: str, seconds: float
    ) -> None:
        self._web, self._url, self._fields = web, url, fields
        self._size, self._tag, self._seconds = size, tag, seconds

    @property
    def size(self) -> int:
        return self._size

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes `first`..`last`. The last piece is kept back until the origin has ended where it said."""
        if not 0 <= first <= last < self._size:
            raise ValueError(f"bytes {first} to {last} of {self._size}")
        try:
            async with self._answer(first, last) as response:
                left, held = last + 1 - first, list[bytes]()
                with _Silence(response, self._seconds) as silence:
                    while await silence.broken_by(response.content, held):
                        left -= len(held[-1])
                        if left > 0:
                            yield held.pop()  # held by who asked, and by nobody here
                        elif left < 0:
                            raise SourceBrokenError("the origin sends more than it was asked for")
            if left:
                raise SourceBrokenError(f"the origin ended {left} bytes early")
            for piece in held:
                yield piece
        except TimeoutError:
            raise SourceBrokenError(f"the origin said nothing for {self._seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceBrokenError(f"the origin broke off: {type(error).__name__}") from None

    @asynccontextmanager
    async def _answer(self, first: int, last: int) -> AsyncIterator[aiohttp.ClientResponse]:
        fields = {**self._fields, "Range": f"bytes={first}-{last}", **({"If-Match": self._tag} if self._tag else {})}
        async with asyncio.timeout(self._seconds):
            response = await self._web.get(self._url, headers=fields, allow_redirects=False)
        try:
            self._vet(response, first, last)
            yield response
        finally:
            response.close()

    def _vet(self, response: aiohttp.ClientResponse, first: int, last: int) -> None:
        """SourceBrokenError unless this is the answer to just what was asked."""
        said, whole = response.headers, (first, last) == (0, self._size - 1)
        if response.status != _PARTIAL and not (whole and response.status == _OK):
            raise SourceBrokenError(f"the origin answers with status {response.status}")
        if said.get("Content-Encoding", "identity").lower() != "identity":
            raise SourceBrokenError("the origin compressed, though asked not to")
        span = Span(first, last)
        if response.status == _PARTIAL and said.get("Content-Range") != content_range(span, self._size):
            raise SourceBrokenError("the origin gives another range, or of another size")
        length = said.get("Content-Length", str(span.length))
        if _SIZED.fullmatch(length) is None or int(length) != span.length:
            raise SourceBrokenError("the origin has another size")
        tag = said.get("ETag", "")
        if self._tag and tag != self._tag:
            raise SourceBrokenError("the origin has another content now")
        self._tag = tag
