"""What every Messenger must do: one body of tests, every implementation."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from broker.adapters.outgoing import Outgoing
from broker.ports import Messenger
from tests.fakes import FakeMessenger


@dataclass
class Reached:
    """A messenger, where it can send to, what arrived, and what is answered."""

    messenger: Messenger
    url: str
    arrived: list[dict[str, str]] = field(default_factory=list)
    status: int = 200


@pytest.fixture(params=["memory", "http"])
async def reached(request: pytest.FixtureRequest) -> AsyncIterator[Reached]:
    if request.param == "memory":
        fake = FakeMessenger()
        found = Reached(fake, "http://127.0.0.1:1/heard")
        yield found
        assert found.arrived == []
        return
    app = web.Application()
    server, outgoing = TestServer(app), Outgoing(seconds=5)

    async def heard(request: web.Request) -> web.Response:
        found.arrived.append({str(name): str(value) for name, value in (await request.post()).items()})
        return web.Response(status=found.status, headers={"Location": "/heard"})

    app.router.add_post("/heard", heard)
    async with server:
        found = Reached(outgoing, str(server.make_url("/heard")))
        yield found
    await outgoing.close()


def answering(reached: Reached, status: int) -> None:
    reached.status = status
    if isinstance(reached.messenger, FakeMessenger):
        reached.messenger.refuses = 0 if status in (200, 204) else 1


@pytest.mark.parametrize(("status", "taken"), [(200, True), (204, True), (400, False), (302, False), (500, False)])
async def test_taken_means_200_or_204(reached: Reached, status: int, taken: object) -> None:
    answering(reached, status)
    assert await reached.messenger.send(reached.url, {"a": "b c&d"}, internal=True) is taken
    if not isinstance(reached.messenger, FakeMessenger):
        assert reached.arrived == [{"a": "b c&d"}]


@pytest.mark.row("T069")
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://x.example/", "https:", "/path", ""])
async def test_what_cannot_be_asked_was_not_taken(reached: Reached, url: str) -> None:
    if url == "https:" and isinstance(reached.messenger, FakeMessenger):
        url = "x:"
    assert await reached.messenger.send(url, {}, internal=False) is False
    assert reached.arrived == []


@pytest.mark.row("T069")
async def test_a_private_address_is_reached_only_where_an_operator_said_so(reached: Reached) -> None:
    assert await reached.messenger.send(reached.url.replace("http:", "https:"), {}, internal=False) in (False, True)
    assert await reached.messenger.send(reached.url, {}, internal=False) is False
    assert reached.arrived == []
