"""ports.Probe: the fake and the real one answer alike, over loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from broker.adapters.outgoing import Outgoing
from broker.adapters.probe import HttpProbe
from broker.core.passport import limits
from broker.ports import Probe
from tests.fakes import MemoryProbe

DOCUMENT = b'{"keys": []}'


async def _serve(_: web.Request) -> web.Response:
    return web.Response(body=DOCUMENT, content_type="application/json")


async def _away(_: web.Request) -> web.Response:
    raise web.HTTPFound("/document")


async def _long(_: web.Request) -> web.Response:
    return web.Response(body=b" " * (limits.KEY_SET_BYTES + 1), content_type="application/json")


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="<p>secret words of theirs</p>", content_type="text/html")


@pytest.fixture(params=["memory", "http"])
async def probe(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Probe, str]]:
    app = web.Application()
    app.router.add_get("/document", _serve)
    app.router.add_get("/away", _away)
    app.router.add_get("/long", _long)
    app.router.add_get("/page", _page)
    async with TestServer(app) as server:
        base = str(server.make_url("")).rstrip("/")
        outgoing = Outgoing(seconds=2)
        yield (MemoryProbe({f"{base}/document": DOCUMENT}) if request.param == "memory" else HttpProbe(outgoing), base)
        await outgoing.close()


async def test_a_document_is_what_it_is(probe: tuple[Probe, str]) -> None:
    ask, base = probe
    assert await ask.look(f"{base}/document", internal=True) == DOCUMENT


@pytest.mark.parametrize("path", ["/nothing", "/away", "/long", "/page"])
async def test_everything_else_is_said_in_words_of_ours(probe: tuple[Probe, str], path: str) -> None:
    ask, base = probe
    found = await ask.look(f"{base}{path}", internal=True)
    assert isinstance(found, str)
    assert "secret words" not in found


async def test_http_is_for_who_is_internal(probe: tuple[Probe, str]) -> None:
    ask, base = probe
    assert await ask.look(f"{base}/document", internal=False) == "not an https address"


async def test_who_never_answers_is_not_waited_for() -> None:
    never = asyncio.Event()

    async def _silent(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/silent", _silent)
    async with TestServer(app) as server:
        outgoing = Outgoing(seconds=0.2)
        found = await HttpProbe(outgoing).look(str(server.make_url("/silent")), internal=True)
        assert found == "no answer within 0.2 seconds"
        never.set()
        await outgoing.close()
