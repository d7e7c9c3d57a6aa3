"""Listening, with the library's own error pages silenced: they quote the request, and so would leak tokens."""

import asyncio
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from broker.web.connections import BATCH, Everybody, let_wait, no_place, tell_of_failures
from broker.web.edge import EDGE, Pace
from broker.web.errors import Problem, problem_response
from broker.web.metrics import METRICS
from broker.web.middleware import SAFE_HEADERS
from broker.web.sparing import Sparing

MAX_LINE = 8_190
"""Bytes of the request line."""
MAX_FIELD = 65_536
"""Bytes of one header: past 8 KiB we answer 431 ourselves, with nothing of the header in it."""
TLS_READS = 64 * 1024
"""Bytes that asyncio sets aside for each TLS connection, to read into: four times as many would read no faster."""

_FEW = Sparing()

log = structlog.get_logger(__name__)


class QuietHandler(RequestHandler):
    """aiohttp's connection handler; what it cannot parse is answered without repeating a byte of it.

    Who sends headers slower than `pace` says, or reads nothing of an answer for so long, is disconnected.
    """

    __slots__ = ("_everybody", "_has_place", "_head", "_pace")

    def __init__(self, manager: web.Server, *, pace: Pace, everybody: Everybody, **options: Any) -> None:
        super().__init__(manager, **options)
        self._pace, self._everybody = pace, everybody
        self._head: asyncio.TimerHandle | None = None
        self._has_place = True

    @property
    def is_idle(self) -> bool:
        """Is it waiting for the client's next request?"""
        return self._waiter is not None and not self._waiter.done()

    def drop(self) -> None:
        """End the connection now, whatever is unsent."""
        if self.transport is not None:
            self.transport.abort()

    def turn_away(self) -> None:
        """Hear what comes, say that there is no place, and end the connection."""
        METRICS.turned_away.inc()
        self._has_place = False
        self._head = asyncio.get_running_loop().call_later(self._pace.header, self.drop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._pace.unread * 1000))
        self._everybody.came(self, self._pace.connections)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._everybody.left(self)
        self._heard()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._has_place:
            if isinstance(self.transport, asyncio.Transport):
                self.transport.write(no_place())
                self.transport.close()
            return
        before = self._request_count
        super().data_received(data)
        if self._request_count > before:
            self._heard()
        elif self._head is None and self.is_idle and data:
            self._head = asyncio.get_running_loop().call_later(self._pace.header, self._too_slow)

    def _heard(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        self._head = None
        if self.is_idle:
            if _FEW.admits("slow header") is not None:
                log.info("http.slow_header")
            self.drop()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        del message
        if isinstance(exc, ConnectionError):
            raise ConnectionResetError("the client has gone, or its stream was cut")
        METRICS.unreadable.labels(str(status)).inc()
        before = _FEW.admits(f"unreadable {status}")
        if before is None:
            METRICS.lines_left_out.inc()
        else:
            log.warning("http.unreadable", status=status, error=type(exc).__name__, left_out=before)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was already on its way")
        code = {413: "REQ-TOO-LARGE", 431: "REQ-HEADER-TOO-LARGE", 500: "SRV-ERROR"}.get(status, "REQ-MALFORMED")
        response = problem_response(Problem(code, problem="not HTTP/1.1", limit="a header or the body"), "")
        response.headers.update(SAFE_HEADERS)  # no application has seen this: its signals do not run
        response.force_close()
        return response


@asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    drain_seconds: float,
    shared: bool = False,  # noqa: FBT001, FBT002 (SO_REUSEPORT)
) -> AsyncIterator[int]:
    """Serve `app` and yield the port. On leaving: stop accepting, let running answers end, close.

    `shared`: other processes of ours listen on the same port, and the kernel deals connections out.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=drain_seconds)
    await runner.setup()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(tell_of_failures)
    pace, everybody = app[EDGE].pace if EDGE in app else Pace(), Everybody()
    options: dict[str, Any] = {
        "access_log": None,
        "max_line_size": MAX_LINE,
        "max_field_size": MAX_FIELD,
        "keepalive_timeout": pace.idle,
        "lingering_time": pace.lingering,
        "auto_decompress": False,
    }
    manager = runner.server
    if manager is None:
        raise RuntimeError("the runner has no server after setup")
    SSLProtocol.max_size = TLS_READS  # there is no other way to say it: asyncio makes these itself
    listener = await loop.create_server(
        lambda: QuietHandler(manager, loop=loop, pace=pace, everybody=everybody, **options),
        host,
        port,
        ssl=tls,
        backlog=BATCH,
        reuse_address=True,
        reuse_port=shared or None,
    )
    let_wait(listener)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await runner.cleanup()


def tls_of(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What https is served with; None without a certificate."""
    if cert is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context
