"""Two brokers on one PostgreSQL, each a process on a port of its own: what one does holds at the other."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from broker.demo.browser import Browser
from tests.end_to_end.demo import START_SECONDS, Demo, api, granted
from tests.postgres import Cluster

OBJECT = "/ga4gh/drs/v1/objects/heart-0001/access/https"
WITHIN = 2.0
"""Seconds from the answer of one broker to the last byte that the other one hands out."""


@asynccontextmanager
async def second(demo: Demo, database: str) -> AsyncIterator[str]:
    """Another broker of the same issuer; its own address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"ISSUER": demo.described["issuer"], "STATE": str(demo.state), "MODE": "example", "DATABASE_URL": database}
    environment = os.environ | {f"BROKER_{name}": value for name, value in given.items()}
    environment["BROKER_PACKS"] = "core-baseline,eu-gdpr-ch5"
    with (demo.state / "second.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "broker", "serve", "--port", str(port), env=environment, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as http:
            while not await ready(http, f"http://127.0.0.1:{port}"):
                assert process.returncode is None, (demo.state / "second.log").read_text()
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def ready(http: aiohttp.ClientSession, at: str) -> bool:
    try:
        async with http.get(f"{at}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@asynccontextmanager
async def two(cluster: Cluster, state: Path) -> AsyncIterator[tuple[Demo, str]]:
    name = f"demo_{os.getpid()}"
    await asyncio.to_thread(cluster.sql, f"CREATE DATABASE {name}")
    demo = Demo(state, "--database", cluster.url(name))
    try:
        await demo.start()
        async with second(demo, cluster.url(name)) as other:
            yield demo, other
    finally:
        await demo.end(signal.SIGKILL)


@pytest.mark.row("PG-TWO")
async def test_what_ends_at_one_broker_cuts_a_download_at_the_other(cluster: Cluster, tmp_path: Path) -> None:
    """A committee revokes at the one while data leave the other; then a participant withdraws, the other way round."""
    async with two(cluster, tmp_path / "state") as (demo, other), AsyncExitStack() as stack:
        ada, mei, pia = [await stack.enter_async_context(Browser(demo.described)) for _ in range(3)]
        judge, participant = [(await who.tokens(name))["access_token"] for who, name in ((mei, "mei"), (pia, "pia"))]
        token = await granted(demo.described)
        async with _running(ada, token, ada.issuer) as answer:
            (grant,) = (await api(ada, token, "GET", "/api/v1/grants"))[1]["grants"]
            path = f"/api/v1/grants/{grant['id']}/revocation"
            status, said = await api(mei, judge, "POST", path, {"ground": "Terms were broken."}, at=other)
            assert status == 200, said
            assert await _until_it_breaks(answer) < WITHIN
        assert (await _refused(ada, token, ada.issuer))[0] == 403

        token = await granted(demo.described)
        async with _running(ada, token, other) as answer:
            gone = {"kind": "no_further_use"}
            status, said = await api(pia, participant, "POST", "/api/v1/me/consents/withdrawal", gone)
            assert status in (200, 201), said
            assert await _until_it_breaks(answer) < WITHIN
        assert await _refused(ada, token, other) == (403, "CON-LEFT-OUT")


@asynccontextmanager
async def _running(ada: Browser, token: str, at: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """A download from the broker `at`, with a ticket that the first one gave."""
    status, told = await api(ada, token, "GET", OBJECT)
    assert status == 200, told
    headers = dict(line.split(": ", 1) for line in told["headers"])
    async with ada.http.get(told["url"].replace(ada.issuer, at), headers=headers) as answer:
        assert answer.status == 200, "what the one gave the other one knows"
        await answer.content.read(1024)
        yield answer


async def _refused(ada: Browser, token: str, at: str) -> tuple[int, str]:
    status, said = await api(ada, token, "GET", OBJECT, at=at)
    return status, said["code"]


async def _until_it_breaks(answer: aiohttp.ClientResponse) -> float:
    """Seconds until the download was broken off, read slowly; it must not end in any other way."""
    at, got = time.monotonic(), 1024
    try:
        async for chunk in answer.content.iter_chunked(1 << 14):
            got += len(chunk)
            await asyncio.sleep(0.005)
            if time.monotonic() - at > WITHIN:
                break
    except (aiohttp.ClientError, ConnectionError):
        return time.monotonic() - at
    raise AssertionError(f"{got} bytes of {answer.content_length} came")
