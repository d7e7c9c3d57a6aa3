"""Downloads that are read, decrypted or encrypted by turns: nobody keeps the others from theirs, and a cut waits for none."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broker.web.sending import LAST
from broker.web.server import listening
from broker.web.streams import AT_ONCE
from tests.certificates import contexts
from tests.web.site import PATIENCE, Site, opened, site
from tests.web.test_crypt4gh_delivery import registered
from tests.web.test_data_endpoint import BIG, _revoke
from tests.web.test_http_layer import _app

STALLED = AT_ONCE + 4
READ = 4_000_000
"""Bytes that a client reads, piece by piece, before it stalls: each piece makes room for a little more."""
NOBODY: Any = None


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of our own, for the server and for a client that trusts it."""
    return contexts(tmp_path_factory.mktemp("tls"))


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(100 * PATIENCE):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was")


@asynccontextmanager
async def all_taken(turns: asyncio.Semaphore) -> AsyncIterator[None]:
    """Somebody has every turn, and gives none back."""
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE):
            await stack.enter_async_context(turns)
        yield


async def _read_all(s: Site, way: str) -> int:
    """How much came before it broke."""
    path, header = await opened(s, way)
    got = 0
    try:
        async with s.http.get(path, headers=header) as answer:
            async for chunk in answer.content.iter_any():
                got += len(chunk)
    except (aiohttp.ClientError, ConnectionError):
        return got
    raise AssertionError("it ended as if it were whole")


@pytest.mark.row("T098", "T099")
@pytest.mark.parametrize(("way", "before"), [("https", len(BIG) - LAST), ("crypt4gh", 0)])
async def test_who_waits_for_a_turn_is_cut_at_once_and_on_record_though_none_comes(
    tmp_path: Path, way: str, before: int
) -> None:
    """A file in the clear waits before its last bytes, which are checked, and an encrypted one before its first."""
    async with site(tmp_path, registered(), content=BIG) as s, all_taken(s.broker.streams.turns):
        reading = asyncio.create_task(_read_all(s, way))
        await until(lambda: [one.sent for one in s.broker.streams.told()] == [before])
        began = time.monotonic()
        await _revoke(s)
        await until(lambda: s.stage.kinds()[-1] == "download.cut")
        assert time.monotonic() - began < 2
        assert await reading <= before
        assert s.stage.ledger.entries[-1].about["sent"] == before


async def _stalled(stack: AsyncExitStack, port: int, said: bytes, context: ssl.SSLContext | None) -> None:
    """A client that has read a little, now and then, and reads no more."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, limit=4096, ssl=context, server_hostname="localhost" if context else None
    )
    stack.callback(_leave, writer)
    writer.write(said)
    got = 0
    while got < READ:
        got += len(await reader.read(100_000))
        assert not reader.at_eof()


def _leave(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


RANGES = ",".join(f"{first}-{first + 2_000_000}" for first in range(0, 30_000_000, 2_000_100))


@pytest.mark.row("DW-TURNS")
@pytest.mark.parametrize(("ranges", "with_tls"), [(RANGES, False), (None, True)], ids=["many ranges", "TLS"])
async def test_clients_that_stall_keep_no_turn_from_who_reads(
    tmp_path: Path, tls: Any, ranges: str | None, *, with_tls: bool
) -> None:
    server, client = tls if with_tls else (None, None)
    async with site(tmp_path, registered(), content=BIG) as s, listening(_app(s), "127.0.0.1", 0, server, 0) as port:
        path, header = await opened(s, "crypt4gh")
        fields = header | ({"Range": f"bytes={ranges}"} if ranges else {})
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        said = f"GET {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()
        url = f"http{'s' if client else ''}://127.0.0.1:{port}{path}"
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(asyncio.timeout(PATIENCE))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            await asyncio.gather(*(_stalled(stack, port, said, client) for _ in range(STALLED)))
            async with http.get(url, headers=header, ssl=client or False, server_hostname="localhost") as answer:
                assert answer.status == 200
                assert len(await answer.read()) == answer.content_length
