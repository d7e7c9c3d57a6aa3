"""A process that was stopped, and one on which many lean: what it accepts, and what it holds."""

import asyncio
import io
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from broker.adapters.keys import open_keys
from broker.adapters.signing import OwnTokens
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP
from broker.core.passport.limits import REQUEST_BYTES
from broker.core.time import Seconds
from broker.flows.use_data import TICKET_TYPE
from broker.ports import Use
from tests.fakes import signed
from tests.faults.days import Ready
from tests.faults.life import Life, lived
from tests.web.test_many_slow_downloads import resident

SECONDS = 8
"""For which the tokens live that end while nobody looks at a clock."""
PATIENCE = 60.0


@asynccontextmanager
async def asking(ready: Ready, token: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(ready.issuer, headers=headers) as http:
        yield http


async def status_of(http: aiohttp.ClientSession, path: str) -> int:
    async with http.get(path) as answer:
        await answer.read()
        return answer.status


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.01)


def ending(ready: Ready, token: str, typ: str, use: Use, ends: int) -> str:
    """The same token, if it ended then."""
    store = open_keys(ready.state / "keys", ready.state / "passphrase")
    tokens = OwnTokens(store, ready.issuer, lambda: Seconds(int(time.time())))
    claims = tokens.read(token, typ)
    assert claims is not None
    return signed(tokens, use, typ, {**claims, "exp": ends})


@pytest.mark.long
@pytest.mark.row("F11")
async def test_what_ended_while_the_process_was_stopped_is_not_accepted(ready: Ready) -> None:
    object = ready.described["datasets"][1]["objects"][0]["id"]
    async with lived(ready.state) as life, asking(ready, ready.ada) as ada:
        async with ada.get(f"/ga4gh/drs/v1/objects/{object}/access/https") as answer:
            told = await answer.json()
        place, ends = told["url"].removeprefix(ready.issuer), int(time.time()) + SECONDS
        ticket = dict(line.split(": ", 1) for line in told["headers"])["Authorization"].removeprefix("Bearer ")
        token = ending(ready, ready.ada, ACCESS_TOKEN_TYP, "oidc-es256", ends)
        ticket = ending(ready, ticket, TICKET_TYPE, "ticket", ends)
        async with asking(ready, token) as http, asking(ready, ticket) as other:
            await _stopped_until(ends, life, lambda: status_of(http, "/api/v1/me"), lambda: status_of(other, place))
        assert await status_of(ada, "/api/v1/me") == 200, "who did not end goes on"


async def _stopped_until(ends: int, life: Life, *asked: Callable[[], Coroutine[None, None, int]]) -> None:
    """What is permitted before the end, and asked again while the process stands still until it, is refused."""
    assert [await one() for one in asked] == [200] * len(asked)
    assert time.time() < ends, "too slow to show anything"
    life.send(signal.SIGSTOP)
    waiting = [asyncio.create_task(one()) for one in asked]
    await until(lambda: time.time() >= ends)
    assert not any(one.done() for one in waiting)
    life.send(signal.SIGCONT)
    assert await asyncio.gather(*waiting) == [401] * len(asked)


def descriptors(life: Life) -> int:
    return sum(1 for _ in Path(f"/proc/{life.pid}/fd").iterdir())


IDLE, BODIES = 400, 80
MEMORY = 250 * 1024 * 1024
"""Bytes resident that the process may have."""
_LARGE = REQUEST_BYTES
"""Of a body that may come from anybody: it holds the Passports that say who asks."""


async def _half_sent(life: Life, path: str, stack: ExitStack) -> None:
    """A body as large as may be, of which all but the last byte comes."""
    line = stack.enter_context(socket.create_connection(("127.0.0.1", life.port)))
    line.settimeout(0)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {_LARGE}\r\n\r\n"
    with suppress(ConnectionError):  # who is told that there is no room is told it at once
        await asyncio.get_running_loop().sock_sendall(line, head.encode() + b'{"a": "' + b"x" * (_LARGE - 8))


async def _posted(http: aiohttp.ClientSession, path: str, body: object) -> int:
    sent = io.BytesIO(json.dumps(body).encode())
    async with http.post(path, data=sent, headers={"Content-Type": "application/json"}) as answer:
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
            while await _posted(http, path, {"passports": ["x" * (_LARGE // 2)]}) == 503:  # noqa: ASYNC110 (likewise)
                await asyncio.sleep(0.05)
        assert await _posted(http, "/api/v1/decisions", "x" * 2 * _LARGE) == 413
        assert resident(life.pid) <= MEMORY
        assert await status_of(http, "/readyz") == 200
