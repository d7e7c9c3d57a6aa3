"""The only place that sends bytes of objects: which way they go, how they are counted, and how the sending ends.

Three ways, one loop. Where the connection has no TLS and the body lies in a file, the kernel copies it (sendfile),
piece by piece, each counted as it is taken; the last bytes are read, checked and written, so that no answer is whole
before its end was checked. Everything else is read, checked and written in chunks.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
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

    stream = Stream(transport, permitted, opened.access)
    transport.set_write_buffer_limits(high=1)  # with 0 a TLS transport would never go on again
    end: End = "incomplete"
    try:
        with broker.streams.running(stream, broker.snapshots.current, opened.until):
            await give(_Line(request, response, transport, stream))
            await response.write_eof()
        end = "complete"
    except SourceBrokenError as broken:
        log.warning("source.broken", object=opened.object.id, why=str(broken))
        if not response.prepared and not stream.was_cut:
            raise Problem("SRV-SOURCE") from None
        stream.break_off()
        raise ConnectionResetError("the source broke") from None
    finally:
        if end != "complete":
            stream.settle()
        await close_delivery(broker.world, opened, "cut" if stream.was_cut else end, stream.sent)
    return response


@dataclass(frozen=True, slots=True)
class _Line:
    """One answer on its connection."""

    request: web.Request
    response: web.StreamResponse
    transport: asyncio.Transport
    stream: Stream

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


async def _spans(line: _Line, body: Body, wanted: Wanted) -> None:
    if body.size != wanted.content.size:
        raise SourceBrokenError("not as long as was said")
    frame = wanted.multipart
    with _pipe(line.transport, body) as pipe:
        for span in wanted.spans:
            head = frame.head(span) if frame is not None else b""
            if pipe is None or not isinstance(body, KernelBody):
                await _read(line, body, span.first, span.last, head)
            else:
                await line.begin(head)
                await _copied(line, body, span, pipe)
    await line.begin(frame.tail if frame is not None else b"")


async def _read(line: _Line, body: Body, first: int, last: int, head: bytes | None) -> None:
    """Bytes `first`..`last`, read and written, after `head`: a source that fails at once fails before it."""
    chunks = body.read(first, last)
    try:
        async for chunk in chunks:
            if head is not None:
                await line.begin(head)
                head = None
            await line.write(chunk)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()  # who leaves in the middle stops the reading now


async def _copied(line: _Line, body: KernelBody, span: Span, pipe: socket.socket) -> None:
    """One span: by the kernel as far as it takes it, the rest read and written."""
    at = span.first
    while at <= span.last - LAST:
        taken = await _taken(line, body, at, span.last - LAST, pipe)
        line.stream.given(taken)
        await asyncio.sleep(0)  # whoever reads as fast as we send must not keep a cut, or anybody else, waiting
        if not taken:
            await _read(line, body, at, at + LAST - 1, None)
        at += taken or LAST
    await _read(line, body, at, span.last, None)


async def _taken(line: _Line, body: KernelBody, first: int, last: int, pipe: socket.socket) -> int:
    """How many bytes the kernel took of these; 0: they must be read. ConnectionError when there is nobody any more."""
    while True:
        if line.stream.was_cut or line.transport.is_closing():
            raise ConnectionResetError("the connection has ended")
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


async def _writable(pipe: socket.socket) -> None:
    """Until the kernel takes more, or it is time to look again."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(pipe.fileno(), _set, ready)
    timer = loop.call_later(_LOOK, _set, ready)
    try:
        await ready
    finally:
        timer.cancel()
        loop.remove_writer(pipe.fileno())


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@contextmanager
def _pipe(transport: asyncio.Transport, body: Body) -> Iterator[socket.socket | None]:
    """A second descriptor of the connection, so that it can be written to beside its transport.

    None where the kernel cannot copy: TLS, or a body that is no file.
    """
    connection = transport.get_extra_info("socket")
    if connection is None or transport.get_extra_info("sslcontext") is not None or not isinstance(body, KernelBody):
        yield None
        return
    pipe = connection.dup()
    try:
        yield pipe
    finally:
        pipe.close()
