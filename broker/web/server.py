"""Listening, with the library's own error pages silenced: they quote the request, and so would leak tokens."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from broker.web.errors import Problem, problem_response
from broker.web.middleware import SAFE_HEADERS

MAX_LINE = 8_190
"""Bytes of the request line."""
MAX_FIELD = 65_536
"""Bytes of one header: past 8 KiB we answer 413 ourselves, with nothing of the header in it."""

log = structlog.get_logger(__name__)


class QuietHandler(RequestHandler):
    """aiohttp's connection handler; what it cannot parse is answered without repeating a byte of it."""

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
        log.warning("http.unreadable", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was already on its way")
        code = {413: "REQ-TOO-LARGE", 500: "SRV-ERROR"}.get(status, "REQ-MALFORMED")
        response = problem_response(Problem(code, problem="not HTTP/1.1", limit="a header or the body"), "")
        response.headers.update(SAFE_HEADERS)  # no application has seen this: its signals do not run
        response.force_close()
        return response


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, drain_seconds: float
) -> AsyncIterator[int]:
    """Serve `app` and yield the port. On leaving: stop accepting, let running answers end, close."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=drain_seconds)
    await runner.setup()
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {"access_log": None, "max_line_size": MAX_LINE, "max_field_size": MAX_FIELD}
    manager = runner.server
    if manager is None:
        raise RuntimeError("the runner has no server after setup")
    listener = await loop.create_server(
        lambda: QuietHandler(manager, loop=loop, keepalive_timeout=75.0, lingering_time=5.0, **options),
        host,
        port,
        ssl=tls,
        backlog=1024,
        reuse_address=True,
    )
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await runner.cleanup()
