"""The only place that sends bytes of objects: which way they go, how they are counted, and how the sending ends.

Three ways, one loop. Where the connection has no TLS and the body lies in a file, the kernel copies it (sendfile),
piece by piece, each counted as it is taken; the last bytes are read, checked and written, so that no answer is whole
before its end was checked. Everything else is read, checked and written in chunks, and only while the kernel has room:
for a client that is slow nothing is read, decrypted or encrypted in advance.
"""

import asyncio
import select
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiohttp import web

from broker.core.ranges import Multipart, Span
from broker.core.snapshot import Snapshot
from broker.flows.content import Content
from broker.flows.deliver import End, Opened, close_delivery, still_permitted
from broker.ports.sources import Body, KernelBody, SourceBrokenError
from broker.web.errors import Problem
from broker.web.state import Broker
from broker.web.streams import Stream

log = structlog.get_logger(__name__)
T = TypeVar("T")

LAST = 64 * 1024
"""Bytes at the end of every span that are checked before they leave, and read at once where the kernel cannot help."""
_LOOK = 5.0
"""Seconds after which somebody who waits for a connection looks whether it is still there."""
_PATIENCE = 0.5
"""Seconds for which bytes that can be read again are held for a client."""
_LITTLE = 64 * 1024
"""Bytes that are given to TLS at once: what one record of it holds."""
_TURN = 4 * 1024 * 1024
"""Bytes after which one lets others have their turn."""
_LACK = 0.5
"""Seconds after which a system is asked again that had no memory for what a connection has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for: spans of a content, and the frame around them if there are several."""

    content: Content
    spans: tuple[Span, ...]
    multipart: Multipart | None


async def send(
    request: web.Request, broker: Broker, opened: Opened, wanted: Wanted, response: web.StreamResponse
) -> web.StreamResponse:
    """The bytes. Whatever happens, the delivery is closed in the record, with what was handed over.

    Problem SRV-SOURCE: the source failed before anything left. Afterwards a failure is a broken connection.
    """

    async def give(line: _Line) -> None:
        async with wanted.content.open() as body:
            await _spans(line, body, wanted)

    return await _delivered(request, broker, opened, response, give)


async def send_made(
    request: web.Request,
    broker: Broker,
    opened: Opened,
    chunks: AsyncGenerator[bytes, None],
    response: web.StreamResponse,
) -> web.StreamResponse:
    """The same for bytes that are made on their way: nobody knows beforehand how many, and there are no ranges."""

    async def give(line: _Line) -> None:
        async with aclosing(chunks):
            async for chunk in chunks:
                if not response.prepared:
                    await response.prepare(request)
                await line.write(chunk)
                del chunk  # nobody holds it who waits
                await line.room()
        if not response.prepared:
            await response.prepare(request)

    return await _delivered(request, broker, opened, response, give)


async def _delivered(
    request: web.Request,
    broker: Broker,
    opened: Opened,
    response: web.StreamResponse,
    give: Callable[["_Line"], Awaitable[None]],
) -> web.StreamResponse:
    """What `give` writes, watched, and closed in the record however it ends."""
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        await close_delivery(broker.world, opened, "incomplete", 0)
        raise ConnectionResetError("the client has gone")

    def permitted(snapshot: Snapshot) -> bool:
        return still_permitted(opened, snapshot, broker.world.clock.now())

    sending = asyncio.current_task()
    stream = Stream(transport, permitted, opened.access, sending)
    transport.set_write_buffer_limits(high=1)  # with 0 a TLS transport would never go on again
    end: End = "incomplete"
    try:
        line = _Line(request, response, transport, stream, broker.streams.turns)
        with broker.streams.running(stream, broker.snapshots.current, opened.until), closing(line):
            await give(line)
            await response.write_eof()
        end = "complete"
    except SourceBrokenError as broken:
        log.warning("source.broken", object=opened.object.id, why=str(broken))
        if not response.prepared and not stream.was_cut:
            raise Problem("SRV-SOURCE") from None
        stream.break_off()
        raise ConnectionResetError("the source broke") from None
    except asyncio.CancelledError:
        if not stream.was_cut or (sending is not None and sending.uncancel()):
            raise
        raise ConnectionResetError("it was cut") from None
    finally:
        if end != "complete":
            stream.settle()
        await close_delivery(broker.world, opened, "cut" if stream.was_cut else end, stream.sent)
    return response


class _Line:
    """One answer on its connection. `close` it: it may hold a second descriptor of it."""

    def __init__(
        self,
        request: web.Request,
        response: web.StreamResponse,
        transport: asyncio.Transport,
        stream: Stream,
        turns: asyncio.Semaphore,
    ) -> None:
        self.request, self.response, self.transport, self.stream = request, response, transport, stream
        self.turns = turns
        self._connection: socket.socket | None = transport.get_extra_info("socket")
        self._pipe: socket.socket | None = None
        self._poll = select.poll()
        self.is_bare = self._connection is not None and transport.get_extra_info("sslcontext") is None
        """Does what is written go to the kernel as it is? Not where TLS encrypts it."""
        if self._connection is not None and not transport.is_closing():
            self._poll.register(self._connection.fileno(), select.POLLOUT)

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()

    def kernel(self) -> socket.socket:
        """The connection once more, so that it can be written to, and waited for, beside its transport."""
        if self._connection is None or self.transport.is_closing():
            raise ConnectionResetError("the connection has ended")
        if self._pipe is None:
            self._pipe = self._connection.dup()
        return self._pipe

    def waits(self) -> bool:
        """Do bytes wait here, or would they, since the kernel takes none now?"""
        if self._connection is None or self.transport.is_closing():
            return False
        return bool(self.transport.get_write_buffer_size()) or not self._poll.poll(0)

    async def room(self, seconds: float | None = None) -> bool:
        """Does the kernel take more, now or within so many seconds? ConnectionResetError: there is nobody any more."""
        while self.waits():
            if not await _writable(self.kernel(), seconds or _LOOK) and seconds is not None:
                return False
        if self.transport.is_closing():
            raise ConnectionResetError("the connection has ended")
        return True

    async def goes_on(self, *, near: bool) -> bool:
        """Is there room? For who can read again it is waited for only briefly, and not at all while others wait."""
        if near and self.turns.locked():
            return not self.waits()
        return await self.room(_PATIENCE if near else None)

    async def begin(self, head: bytes) -> None:
        """The head of the answer, if it is not out yet, and `head`."""
        if not self.response.prepared:
            await self.response.prepare(self.request)
        await self.response.write(head)

    async def write(self, chunk: bytes) -> None:
        """Bytes of the object: counted, and written until the kernel has them all. So one piece waits here, no more."""
        writer = await self.response.prepare(self.request)
        if writer is None:
            raise ConnectionResetError("the answer has ended")
        self.stream.given(len(chunk))
        await writer.write(chunk)
        await writer.drain()

    def some(self, chunk: memoryview) -> int:
        """As many of these bytes as the kernel takes now: counted, and none waits here.

        Where TLS encrypts nobody knows how many it takes: few at a time, so that hardly any wait in its buffers.
        """
        if not self.is_bare:
            return self._encrypted(chunk[:_LITTLE])
        try:
            taken = 0 if self.transport.get_write_buffer_size() else self.kernel().send(chunk)
        except BlockingIOError:
            taken = 0
        except TimeoutError:
            raise ConnectionResetError("the client reads nothing") from None
        self.stream.given(taken)
        return taken

    def _encrypted(self, piece: memoryview) -> int:
        """All of it, to who encrypts it."""
        if self.transport.is_closing():
            raise ConnectionResetError("the connection has ended")
        self.stream.given(len(piece))
        self.transport.write(piece)
        return len(piece)


async def _spans(line: _Line, body: Body, wanted: Wanted) -> None:
    if body.size != wanted.content.size:
        raise SourceBrokenError("not as long as was said")
    frame = wanted.multipart
    for span in wanted.spans:
        head = frame.head(span) if frame is not None else b""
        if isinstance(body, KernelBody) and line.is_bare:
            await line.begin(head)
            await _copied(line, body, span)
        else:
            await _read(line, body, span.first, span.last, head)
    await line.begin(frame.tail if frame is not None else b"")


async def _read(line: _Line, body: Body, first: int, last: int, head: bytes | None) -> None:
    """Bytes `first`..`last`, read and written, after `head`: a source that fails at once fails before it.

    Where the client is slow a body that is near is left, and read on from there when there is room again.
    """
    at = first
    while at <= last:
        began = at
        async with line.turns if body.near else nullcontext():
            chunks = body.read(at, last)
            try:
                at = await _given(line, chunks, Span(at, last), head, near=body.near)
                head = None
            finally:
                if isinstance(chunks, AsyncGenerator):
                    await chunks.aclose()  # who leaves in the middle stops the reading now
        if at <= last:
            await line.room()
        if at == began:  # there was room, but the system has no memory for it
            await asyncio.sleep(_LACK)


async def _given(line: _Line, chunks: AsyncIterator[bytes], span: Span, head: bytes | None, *, near: bool) -> int:
    """How far `chunks`, which are `span`, were given: to its end, or if they are `near` until another's turn has come.

    That is when the client is slow, or has had a good deal while others wait.
    """
    at, enough = span.first, span.first + _TURN
    async for chunk in chunks:
        if head is not None:
            await line.begin(head)
            head = None
        ends = at + len(chunk)
        while at < ends:
            given = line.some(memoryview(chunk)[at - ends :])
            at += given
            if at < ends and not await line.goes_on(near=near):
                return at
            if not given and near:
                return at
            if not given:
                await asyncio.sleep(_LACK)
        del chunk  # nobody holds it who waits
        if at <= span.last and (not await line.goes_on(near=near) or (near and at >= enough and line.turns.locked())):
            return at
    if at <= span.last:
        raise SourceBrokenError("it ended too soon")
    return at


async def _copied(line: _Line, body: KernelBody, span: Span) -> None:
    """One span: by the kernel as far as it takes it, the rest read and written."""
    at = span.first
    while at <= span.last - LAST:
        taken = await _taken(line, body, at, span.last - LAST)
        line.stream.given(taken)
        await asyncio.sleep(0)  # whoever reads as fast as we send must not keep a cut, or anybody else, waiting
        if not taken:
            await _read(line, body, at, at + LAST - 1, None)
        at += taken or LAST
    await _read(line, body, at, span.last, None)


async def _taken(line: _Line, body: KernelBody, first: int, last: int) -> int:
    """How many bytes the kernel took of these; 0: they must be read. ConnectionError when there is nobody any more."""
    while True:
        pipe = line.kernel()
        if not line.transport.get_write_buffer_size():
            try:
                handed = body.hand_over(first, last, pipe.fileno())
                return handed if isinstance(handed, int) else await _to_its_end(handed, line.stream)
            except BlockingIOError:
                pass
            except TimeoutError:
                raise ConnectionResetError("the client reads nothing") from None
        await _writable(pipe)


async def _to_its_end(handing: Awaitable[int], stream: Stream) -> int:
    """What was begun is counted, also where nobody waits for it any more: the kernel has it."""
    task = asyncio.ensure_future(handing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stream.given(await task)
        raise


async def _writable(pipe: socket.socket, seconds: float = _LOOK) -> bool:
    """Does the kernel take more within so many seconds? Else it is time to look again."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[bool] = loop.create_future()
    loop.add_writer(pipe.fileno(), _set, ready)
    timer = loop.call_later(seconds, _give_up, ready)
    try:
        return await ready
    finally:
        timer.cancel()
        loop.remove_writer(pipe.fileno())


def _set(ready: asyncio.Future[bool]) -> None:
    if not ready.done():
        ready.set_result(True)


def _give_up(ready: asyncio.Future[bool]) -> None:
    if not ready.done():
        ready.set_result(False)
