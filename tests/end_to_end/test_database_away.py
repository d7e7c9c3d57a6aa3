"""PostgreSQL goes away under a running broker, and comes back: nobody is given anything meanwhile, and all hear why."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from broker.demo.browser import Browser
from tests.end_to_end.demo import Demo, api, granted
from tests.postgres import Cluster, own_cluster

OBJECT = "/ga4gh/drs/v1/objects/heart-0001/access/https"
STALE, CUT, BACK, ANSWER = 1.0, 2.0, 5.0, 10.0
"""Seconds: for which a picture may be old; until who downloads is cut; until all is well again; until any answer."""


@pytest.fixture
def own() -> Iterator[Cluster]:
    with own_cluster() as cluster:
        cluster.sql("CREATE DATABASE away")
        yield cluster


@asynccontextmanager
async def running(cluster: Cluster, state: Path) -> AsyncIterator[Demo]:
    demo = Demo(state, "--database", cluster.url("away"))
    try:
        await demo.start()
        yield demo
    finally:
        await demo.end(signal.SIGKILL)


@pytest.mark.row("PG-AWAY")
async def test_without_its_database_a_broker_gives_nothing_says_so_and_comes_back(own: Cluster, tmp_path: Path) -> None:
    async with running(own, tmp_path / "state") as demo, Browser(demo.described) as ada:
        token, told = await granted(demo.described), dict[str, tuple[int, str]]()
        ticket = (await api(ada, token, "GET", OBJECT))[1]
        headers = dict(line.split(": ", 1) for line in ticket["headers"])
        async with ada.http.get(ticket["url"], headers=headers) as download:
            await download.content.read(1024)
            await asyncio.to_thread(own.stop)
            assert await _until_it_breaks(download) < STALE + CUT
        for path in (
            "/healthz",
            "/readyz",
            OBJECT,
            "/api/v1/grants",
            "/metrics",
            "/.well-known/jwks.json",
            "/datasets",
        ):
            async with asyncio.timeout(ANSWER):
                told[path] = await _asked(ada, path, "" if path == "/datasets" else token)
        needless = {told.pop(path) for path in ("/healthz", "/metrics", "/.well-known/jwks.json")}
        assert needless == {(200, "")}, "what needs no database"
        assert set(told.values()) == {(503, "SRV-NO-RECORD")}, told
        await asyncio.to_thread(own.start)
        assert await _soon(lambda: _ready(ada)) < BACK
        assert (await api(ada, token, "GET", OBJECT))[0] == 200
    said = (demo.state / "stderr.log").read_text()
    assert "request.failed" not in said, said


async def _asked(ada: Browser, path: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with ada.http.get(f"{ada.issuer}{path}", headers=headers) as answer:
        return answer.status, "SRV-NO-RECORD" if "SRV-NO-RECORD" in await answer.text() else ""


async def _ready(ada: Browser) -> bool:
    return (await _asked(ada, "/readyz"))[0] == 200


async def _soon(holds: Callable[[], Awaitable[bool]]) -> float:
    """Seconds until it does."""
    began = time.monotonic()
    async with asyncio.timeout(60):
        while not await holds():  # noqa: ASYNC110 (what is waited for is elsewhere)
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def _until_it_breaks(download: aiohttp.ClientResponse) -> float:
    began = time.monotonic()
    try:
        async for _ in download.content.iter_chunked(1 << 14):
            await asyncio.sleep(0.005)
    except (aiohttp.ClientError, ConnectionError):
        return time.monotonic() - began
    raise AssertionError("it came whole")
