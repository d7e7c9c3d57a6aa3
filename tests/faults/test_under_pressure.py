"""A process that was stopped, that has no descriptors left, that many lean on: what it accepts, serves and holds then."""

import asyncio
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from broker.adapters.keys import open_keys
from broker.adapters.signing import OwnTokens
from broker.core.passport.limits import REQUEST_BYTES
from broker.core.time import Seconds
from tests.faults.days import Ready
from tests.faults.life import Life, lived
from tests.web.test_many_slow_downloads import resident

_TYPE = "at+jwt"
SECONDS = 4
"""For which the tokens live that end while nobody looks at a clock."""
PATIENCE = 60.0


@asynccontextmanager
async def asking(ready: Ready, token: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(ready.issuer, headers=headers) as http:
        yield http


async def status_of(http: aiohttp.ClientSession, path: str, headers: dict[str, str] | None = None) -> int:
    async with http.get(path, headers=headers) as answer:
        await answer.read()
        return answer.status


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


def ending_soon(ready: Ready) -> tuple[str, int]:
    """An access token of Ada's that ends in a few seconds, and when."""
    store = open_keys(ready.state / "keys", ready.state / "passphrase")
    tokens = OwnTokens(store, ready.issuer, lambda: Seconds(int(time.time())))
    claims = tokens.read(ready.ada, _TYPE)
    assert claims is not None
    ends = int(time.time()) + SECONDS
    return tokens.sign("oidc-es256", _TYPE, {**claims, "exp": ends}), ends


@pytest.mark.long
@pytest.mark.row("F11")
async def test_what_ended_while_the_process_was_stopped_is_not_accepted(ready: Ready) -> None:
    token, ends = ending_soon(ready)
    object = ready.described["datasets"][1]["objects"][0]["id"]
    async with lived(ready.state) as life, asking(ready, token) as http, asking(ready) as other:
        async with http.get(f"/ga4gh/drs/v1/objects/{object}/access/https") as answer:
            told = await answer.json()
            assert answer.status == 200, told
        ticket = dict(line.split(": ", 1) for line in told["headers"])
        place = told["url"].removeprefix(ready.issuer)
        assert await status_of(http, "/api/v1/me") == 200
        assert await status_of(other, place, ticket) == 200
        assert time.time() < ends, "too slow to show anything"
        life.send(signal.SIGSTOP)
        waiting = [asyncio.create_task(one) for one in (status_of(http, "/api/v1/me"), status_of(other, place, ticket))]
        await until(lambda: time.time() >= ends)
        assert not any(one.done() for one in waiting)
        life.send(signal.SIGCONT)
        assert await asyncio.gather(*waiting) == [401, 401]
        assert await status_of(other, "/readyz") == 200


DESCRIPTORS = 96


def descriptors(life: Life) -> int:
    return sum(1 for _ in Path(f"/proc/{life.pid}/fd").iterdir())


@pytest.mark.long
@pytest.mark.row("F24")
async def test_without_descriptors_who_is_connected_is_served_and_afterwards_everybody_is(ready: Ready) -> None:
    limit = (resource.RLIMIT_NOFILE, DESCRIPTORS)
    async with lived(ready.state, limits=(limit,)) as life, asking(ready, ready.ada) as http:
        assert await status_of(http, "/api/v1/me") == 200
        with ExitStack() as idle:
            for _ in range(DESCRIPTORS):
                idle.enter_context(socket.create_connection(("127.0.0.1", life.port)))
            await until(lambda: descriptors(life) == DESCRIPTORS)
            for _ in range(20):
                assert await status_of(http, "/api/v1/me") == 200
            assert not life.is_over
        async with asyncio.timeout(PATIENCE), asking(ready, ready.ada) as new:
            assert await status_of(new, "/api/v1/me") == 200
            assert await status_of(new, "/readyz") == 200
        assert sum("socket.accept" in line for line in life.log.read_text().splitlines()) < 100


IDLE, BODIES = 400, 80
MEMORY = 250 * 1024 * 1024
"""Bytes resident that the process may have."""
_LARGE = REQUEST_BYTES
"""Of a body that may come from anybody: it holds the Passports that say who asks."""


async def _half_sent(life: Life, path: str, stack: ExitStack) -> None:
    """A body as large as may be, of which all but the last byte comes."""
    line = stack.enter_context(socket.create_connection(("127.0.0.1", life.port)))
    line.setblocking(False)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {_LARGE}\r\n\r\n"
    with suppress(ConnectionError):  # who is told that there is no room is told it at once
        await asyncio.get_running_loop().sock_sendall(line, head.encode() + b'{"a": "' + b"x" * (_LARGE - 8))


async def _posted(http: aiohttp.ClientSession, path: str, body: object) -> int:
    async with http.post(path, json=body) as answer:
        await answer.read()
        return answer.status


@pytest.mark.long
@pytest.mark.row("F25")
async def test_memory_stays_bounded_under_idle_connections_and_large_bodies(ready: Ready) -> None:
    path = f"/ga4gh/drs/v1/objects/{ready.described['datasets'][1]['objects'][0]['id']}"
    asked = {"dataset": ready.described["datasets"][1]["id"], "purpose": ready.described["purpose"]}
    async with lived(ready.state, quota_scale="0") as life, asking(ready, ready.ada) as http:
        with ExitStack() as stack:
            for _ in range(IDLE):
                stack.enter_context(socket.create_connection(("127.0.0.1", life.port)))
            await until(lambda: descriptors(life) > IDLE)
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(_half_sent(life, path, stack) for _ in range(BODIES)))
                assert await _posted(http, "/api/v1/decisions", asked) == 200, "others have their place"
            assert resident(life.pid) <= MEMORY
        async with asyncio.timeout(PATIENCE):
            while await _posted(http, path, {"passports": ["x" * (_LARGE // 2)]}) == 503:
                await asyncio.sleep(0.05)
        async with http.post("/api/v1/decisions", data=b"x" * 64 * 1024 * 1024) as answer:
            assert answer.status in (413, 415)
        assert resident(life.pid) <= MEMORY
        assert await status_of(http, "/readyz") == 200
