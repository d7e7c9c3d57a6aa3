"""Slow, idle, numerous and frequent callers, and addresses that a header claims (T081, T084)."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from broker.core.ids import ClientId
from broker.core.quota import QUOTAS, Quota, Rates
from broker.core.rows import Client
from broker.web.edge import EDGE, QUOTA_OF, Edge, Pace, caller_of, networks
from broker.web.routes import ROUTES
from broker.web.server import listening
from tests.web.site import Site, site

PROXY = networks(["10.0.0.0/8", "fd00::1"])
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.row("T084")
@pytest.mark.parametrize(
    ("why", "peer", "forwarded", "proxies", "counted"),
    [
        ("nobody claims anything", "192.0.2.7", [], PROXY, "192.0.2.7"),
        ("a stranger claims", "192.0.2.7", ["198.51.100.1"], PROXY, "192.0.2.7"),
        ("no proxy is configured", "10.0.0.1", ["198.51.100.1"], (), "10.0.0.1"),
        ("a proxy says", "10.0.0.1", ["198.51.100.1"], PROXY, "198.51.100.1"),
        ("a proxy of v6", "fd00::1", ["198.51.100.1"], PROXY, "198.51.100.1"),
        ("a stranger's claim before the proxy's", "10.0.0.1", ["203.0.113.9, 198.51.100.1"], PROXY, "198.51.100.1"),
        ("the same in two fields", "10.0.0.1", ["203.0.113.9", "198.51.100.1"], PROXY, "198.51.100.1"),
        ("two proxies in a row", "10.0.0.1", ["203.0.113.9, 198.51.100.1, 10.2.3.4"], PROXY, "198.51.100.1"),
        ("a claim to be a proxy", "10.0.0.1", ["10.9.9.9"], PROXY, None),
        ("a proxy that says nonsense", "10.0.0.1", ["unknown"], PROXY, None),
        ("a proxy asks for itself", "10.0.0.1", [], PROXY, None),
        ("this machine", "127.0.0.1", [], (), None),
        ("this machine, v6", "::1", [], (), None),
        ("nobody knows", None, ["198.51.100.1"], PROXY, None),
        ("a v6 household is one caller", "2001:db8:1:2:3::4", [], (), "2001:db8:1:2::/64"),
        ("a v4 address in v6 clothes", "::ffff:192.0.2.7", [], (), "192.0.2.7"),
        ("a proxy in v6 clothes", "::ffff:10.0.0.1", ["198.51.100.1"], PROXY, "198.51.100.1"),
    ],
)
def test_whose_requests_are_counted(
    why: str, peer: str | None, forwarded: list[str], proxies: Any, counted: str | None
) -> None:
    assert caller_of(peer, forwarded, proxies) == counted, why


def test_every_counted_address_has_a_quota_and_what_there_is_of_them_has_a_route() -> None:
    assert set(QUOTA_OF.values()) <= set(QUOTAS)
    there = {(route.method, route.path) for route in ROUTES}
    later = {("POST", "/oauth2/register")}
    assert set(QUOTA_OF) <= there | later


# Who asks too often.

FEW = {name: Quota(burst=2, per_minute=2) for name in QUOTAS}
ADDRESS = {"X-Forwarded-For": "198.51.100.1"}


@asynccontextmanager
async def busy(folder: Path) -> AsyncIterator[Site]:
    """A site behind a proxy, where everybody may ask twice."""
    edge = Edge(rates=Rates(quotas=FEW), proxies=networks(["127.0.0.0/8"]))
    async with site(folder, edge=edge) as s:
        yield s


ASKED_OFTEN = {
    ("POST", "/oauth2/token"): "/oauth2/token",
    ("POST", "/oauth2/revoke"): "/oauth2/revoke",
    ("POST", "/oauth2/introspect"): "/oauth2/introspect",
    ("POST", "/oauth2/par"): "/oauth2/par",
    ("POST", "/oauth2/device_authorization"): "/oauth2/device_authorization",
    ("POST", "/device"): "/device",
    ("GET", "/sign-in/{idp}"): "/sign-in/none",
    ("GET", "/sign-in/{idp}/callback"): "/sign-in/none/callback",
}


@pytest.mark.row("T081", "F39")
@pytest.mark.parametrize("method_and_route", ASKED_OFTEN)
async def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path, method_and_route: tuple[str, str]) -> None:
    (method, _), path = method_and_route, ASKED_OFTEN[method_and_route]
    async with busy(tmp_path) as s:
        told = [await s.http.request(method, path, headers=FORM | ADDRESS, data=b"") for _ in range(3)]
        assert [answer.status == 429 for answer in told] == [False, False, True]
        assert told[2].headers["Retry-After"] == "30"
        assert "REQ-TOO-OFTEN" in await told[2].text()
        elsewhere = await s.http.request(
            method, path, headers=FORM | {"X-Forwarded-For": "198.51.100.1, 203.0.113.5"}, data=b""
        )
        assert elsewhere.status != 429, "another address is another caller, whoever it claims to speak for"
        s.stage.clock.advance(30)
        again = await s.http.request(method, path, headers=FORM | ADDRESS, data=b"")
        assert again.status != 429


@pytest.mark.row("T084")
async def test_a_claimed_address_counts_from_a_configured_proxy_only(tmp_path: Path) -> None:
    """Without one, every caller of this machine is this machine, whatever they claim: nothing is counted."""
    async with site(tmp_path, edge=Edge(rates=Rates(quotas=FEW))) as s:
        told = [await s.http.post("/oauth2/token", headers=FORM | ADDRESS, data=b"") for _ in range(4)]
        assert 429 not in {answer.status for answer in told}


LAB = Client(
    id=ClientId("lab"), name="Lab", auth_method="client_secret_post", grant_types=("refresh_token",),
    secret=hashlib.sha256(b"secret").hexdigest(),
)  # fmt: skip


@pytest.mark.row("T081", "F39")
async def test_a_client_has_a_quota_of_its_own_which_nobody_else_can_use_up(tmp_path: Path) -> None:
    """Counted is who has proved to be that client; a public client's name anybody can say."""
    edge = Edge(rates=Rates(quotas={"client": Quota(burst=2, per_minute=2)}))
    async with site(tmp_path, LAB, edge=edge) as s:

        async def ask(**form: str) -> int:
            sent = {"grant_type": "refresh_token", "refresh_token": "x"} | form
            return (await s.http.post("/oauth2/token", data=sent)).status

        assert [await ask(client_id="lab", client_secret="wrong") for _ in range(4)] == [401] * 4
        assert [await ask(client_id="lab", client_secret="secret") for _ in range(3)] == [400, 400, 429]
        assert [await ask(client_id="web") for _ in range(4)] == [400] * 4
        s.stage.clock.advance(30)
        assert await ask(client_id="lab", client_secret="secret") == 400


# Who is slow.


async def _hello(request: web.Request) -> web.StreamResponse:
    await request.read()
    return web.Response(text="hello")


@asynccontextmanager
async def served(pace: Pace, handler: Any = _hello, drain: float = 0) -> AsyncIterator[int]:
    app = web.Application()
    app[EDGE] = Edge(pace=pace)
    app.router.add_route("*", "/", handler)
    async with listening(app, "127.0.0.1", 0, None, drain) as port:
        yield port


async def _end(reader: asyncio.StreamReader) -> bytes:
    """What came before the server closed the connection, politely or not."""
    found = bytearray()
    with suppress(ConnectionResetError):
        while chunk := await reader.read(4096):
            found += chunk
    return bytes(found)


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.row("T081", "F36")
@pytest.mark.parametrize(
    ("why", "pace", "sent"),
    [
        ("says nothing", Pace(idle=0.05), b""),
        ("never ends its headers", Pace(header=0.05), HEAD),
        ("sends one byte", Pace(header=0.05), b"G"),
        ("asks, and then begins a second request", Pace(idle=0.05), HEAD + b"\r\n" + HEAD),
        ("asks, and then says nothing", Pace(idle=0.05), HEAD + b"\r\n"),
    ],
)
async def test_who_is_slow_is_disconnected(why: str, pace: Pace, sent: bytes) -> None:
    async with served(pace) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await _end(reader)
        writer.close()
    assert answer.count(b"HTTP/1.1 200") == sent.count(HEAD + b"\r\n"), why


@pytest.mark.row("T081", "F36")
async def test_who_trickles_headers_gains_no_time() -> None:
    """The clock runs from the first byte, not from the last."""
    async with served(Pace(header=0.2)) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        gone = asyncio.ensure_future(_end(reader))
        writer.write(HEAD + b"X: ")
        while not gone.done():
            writer.write(b"x")
            await asyncio.wait([gone], timeout=0.02)
        assert gone.result() == b""
        writer.close()


@pytest.mark.row("T081", "F36")
async def test_a_body_that_does_not_come_is_answered_with_408(tmp_path: Path) -> None:
    async with site(tmp_path, edge=Edge(pace=Pace(body=0.05, lingering=0.05))) as s, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", s.http.port)
        writer.write(
            b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 10\r\n\r\ngrant"
        )
        answer = await reader.readuntil(b"}")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQ-TOO-SLOW" in answer


@pytest.mark.row("T081", "F36")
async def test_with_too_many_connections_the_one_that_is_idle_longest_makes_room() -> None:
    async with served(Pace(connections=3)) as port, asyncio.timeout(10):
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, writer in idle:
            writer.write(HEAD + b"\r\n")
            await reader.readuntil(b"hello")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        assert await _end(idle[0][0]) == b""
        idle[1][1].write(HEAD + b"\r\n")
        assert (await idle[1][0].readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        for _, each in (*idle, (reader, writer)):
            each.close()


@pytest.mark.row("T081", "F24")
async def test_when_everybody_is_served_the_newcomer_hears_that_there_is_no_place() -> None:
    entered, leave = asyncio.Semaphore(0), asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        del request
        entered.release()
        async with asyncio.timeout(10):
            await leave.wait()
        return web.Response(text="hello")

    async with served(Pace(connections=2, header=0.05), held) as port, asyncio.timeout(5):
        working = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in working:
            writer.write(HEAD + b"\r\n")
            await entered.acquire()
        newcomer, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        told = await newcomer.read()
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"SRV-BUSY" in told
        assert b"\r\nRetry-After: " in told
        assert b"\r\nX-Content-Type-Options: nosniff\r\n" in told
        writer.close()
        silent, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await _end(silent) == b"", "who says nothing is not waited for"
        writer.close()
        leave.set()
        for reader, each in working:
            assert b"hello" in await reader.readuntil(b"hello")
            each.close()


@pytest.mark.row("T081", "F36", "F26")
async def test_the_kernel_ends_a_connection_whose_client_reads_nothing() -> None:
    """What was sent and not taken is given up after `unread` seconds; nobody in the process has to wait for it."""
    options: list[int] = []

    async def look(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        connection = request.transport.get_extra_info("socket")
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        return web.Response(text="hello")

    async with served(Pace(unread=7), look) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"hello")
        writer.close()
    assert options == [7_000]


@pytest.mark.row("F92")
async def test_what_does_not_end_by_itself_when_serving_ends_is_cut_in_time() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"hello")
        await asyncio.Event().wait()
        return response

    async with asyncio.timeout(10):
        async with served(Pace(), endless, drain=0.1) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"\r\n")
            await reader.readuntil(b"hello")
        assert not (await _end(reader)).endswith(b"0\r\n\r\n"), "and looks cut"
        writer.close()
