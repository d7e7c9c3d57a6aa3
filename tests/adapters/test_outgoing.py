"""The one way out for documents: what is refused, and that nothing private is ever reached (adversarial B)."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult

from broker.adapters.outgoing import FetchError, Outgoing, is_public

BODY = b'{"keys": []}'
TYPES = ("application/json",)
LIMIT = 1000


class Server:
    """A loopback server that counts connections and answers by path."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.stop = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "/endless": self._endless,
            "/silent": self._silent,
            "/drip": self._drip,
        }
        if request.path in answers:
            return await answers[request.path](request)
        return _plain(request.path, self.url)

    async def _silent(self, _: web.Request) -> web.StreamResponse:
        await self.stop.wait()
        return web.Response()

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        await response.write(b"{")
        await self.stop.wait()
        return response

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        try:
            while not self.stop.is_set():
                await response.write(b" " * 10_000)
        except ConnectionError:
            self.stop.set()
        return response

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        return response


def _plain(path: str, url: str) -> web.Response:
    json = "application/json"
    table: dict[str, Callable[[], web.Response]] = {
        "/good": lambda: web.Response(body=BODY, content_type=json, headers={"Set-Cookie": "a=b"}),
        "/jwk-set": lambda: web.Response(body=BODY, content_type="application/jwk-set+json"),
        "/html": lambda: web.Response(body=BODY, content_type="text/html"),
        "/error": lambda: web.Response(status=500, body=b"canary", content_type=json),
        "/created": lambda: web.Response(status=201, body=BODY, content_type=json),
        "/moved": lambda: web.Response(status=302, headers={"Location": f"{url}/good"}),
        "/zipped": lambda: web.Response(
            body=gzip.compress(b" " * 10_000_000), content_type=json, headers={"Content-Encoding": "gzip"}
        ),
        "/full": lambda: web.Response(body=b"x" * LIMIT, content_type=json),
        "/over": lambda: web.Response(body=b"x" * (LIMIT + 1), content_type=json),
    }
    return table[path]()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    yield server
    server.stop.set()
    await runner.cleanup()


@pytest_asyncio.fixture
async def outgoing() -> AsyncIterator[Outgoing]:
    outgoing = Outgoing(seconds=5)
    yield outgoing
    await outgoing.close()


async def fetch(outgoing: Outgoing, url: str, **options: Any) -> bytes:
    return await outgoing.fetch(url, **{"limit": LIMIT, "types": TYPES, "internal": True, **options})


async def test_a_document_of_an_internal_address_is_fetched(server: Server, outgoing: Outgoing) -> None:
    assert await fetch(outgoing, f"{server.url}/good") == BODY
    assert await fetch(outgoing, f"{server.url}/jwk-set") == BODY
    assert await fetch(outgoing, f"{server.url}/full") == b"x" * LIMIT


@pytest.mark.row("T024", "T025", "F28", "F30")
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/html", "not the right media type"),
        ("/error", "status 500"),
        ("/created", "status 201"),
        ("/moved", "status 302"),
        ("/zipped", "compressed, though asked not to be"),
        ("/over", "longer than 1000 bytes"),
        ("/endless", "longer than 1000 bytes"),
    ],
)
async def test_whatever_is_not_a_short_plain_answer_is_refused(
    server: Server, outgoing: Outgoing, path: str, why: str
) -> None:
    with pytest.raises(FetchError) as error:
        await fetch(outgoing, server.url + path)
    assert str(error.value) == why
    assert [request.path for request in server.seen] == [path], "no redirect is followed, nothing is asked twice"


@pytest.mark.row("T025", "F28")
@pytest.mark.parametrize("path", ["/silent", "/drip"])
async def test_a_slow_answer_ends_at_the_limit(server: Server, path: str) -> None:
    outgoing = Outgoing(seconds=0.1)
    async with asyncio.timeout(10):
        with pytest.raises(FetchError, match=r"no answer within 0\.1 seconds"):
            await fetch(outgoing, server.url + path)
    await outgoing.close()


@pytest.mark.row("T036")
async def test_no_cookie_and_no_proxy_of_the_environment_is_used(
    server: Server, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for _ in range(2):
        assert await fetch(outgoing, f"{server.url}/good") == BODY
    assert all("Cookie" not in request.headers for request in server.seen)
    assert all(request.headers["Accept-Encoding"] == "identity" for request in server.seen)


@pytest.mark.row("T023", "B18")
@pytest.mark.parametrize(
    "url", ["http://a.example/", "ftp://a.example/", "file:///etc/passwd", "data:,x", "//a.example", ""]
)
async def test_only_https_leaves(outgoing: Outgoing, url: str) -> None:
    with pytest.raises(FetchError, match="not an https address"):
        await fetch(outgoing, url, internal=False)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "HTTP://127.0.0.1/"])
async def test_internal_is_http_or_https_and_nothing_else(outgoing: Outgoing, url: str) -> None:
    with pytest.raises(FetchError, match="not an https address"):
        await fetch(outgoing, url)


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[tuple[int, list[object]]]:
    """A port of this machine, and who connected to it (TLS or not)."""
    connected: list[object] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], connected
    server.close()
    await server.wait_closed()


async def test_the_listener_would_see_a_connection(listener: tuple[int, list[object]], outgoing: Outgoing) -> None:
    port, connected = listener
    with pytest.raises(FetchError, match="no connection"):
        await fetch(outgoing, f"https://127.0.0.1:{port}/good", internal=True)
    assert connected


@pytest.mark.row("T023", "F30")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"])
async def test_a_private_address_is_never_connected_to(
    listener: tuple[int, list[object]], outgoing: Outgoing, host: str
) -> None:
    port, connected = listener
    with pytest.raises(FetchError, match="no connection"):
        await fetch(outgoing, f"https://{host}:{port}/good", internal=False)
    assert not connected


class Rebinding(AbstractResolver):
    """A name whose address turns out to be private whenever it is used."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return None


def resolving(outgoing: Outgoing, resolver: AbstractResolver) -> None:
    """Names are looked up by `resolver`."""
    connector = outgoing._public.connector
    assert isinstance(connector, TCPConnector)
    connector._resolver = resolver


class Silent(Rebinding):
    """Nobody answers for any name."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        del host, port, family
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.row("F32")
async def test_a_name_that_nobody_resolves_ends_at_the_limit() -> None:
    outgoing = Outgoing(seconds=0.1)
    resolving(outgoing, Silent())
    async with asyncio.timeout(10):
        with pytest.raises(FetchError, match=r"no answer within 0\.1 seconds"):
            await fetch(outgoing, "https://nobody.example/good", internal=False)
    await outgoing.close()


class Nowhere(Rebinding):
    """No name is known."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        del host, port, family
        raise OSError("CANARY of the system")


async def test_why_there_is_no_connection_is_said_in_words(
    listener: tuple[int, list[object]], outgoing: Outgoing
) -> None:
    port, _ = listener
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    said = {}
    for why, url, internal in (
        ("private", f"https://127.0.0.1:{port}/good", False),
        ("nobody", f"http://127.0.0.1:{closed}/good", True),
        ("hung up", f"http://127.0.0.1:{port}/good", True),
    ):
        with pytest.raises(FetchError) as failed:
            await fetch(outgoing, url, internal=internal)
        said[why] = str(failed.value).removeprefix("no connection: ")
    resolving(outgoing, Nowhere())
    with pytest.raises(FetchError, match="nobody knows the name of that host"):
        await fetch(outgoing, "https://nowhere.example/good", internal=False)
    assert said == {"private": "not a public address", "nobody": "nobody answers there", "hung up": "it broke off"}


@pytest.mark.row("T023", "F30", "F32")
async def test_a_name_that_changes_its_mind_gains_nothing(
    listener: tuple[int, list[object]], outgoing: Outgoing
) -> None:
    port, connected = listener
    resolver = Rebinding()
    resolving(outgoing, resolver)
    for _ in range(2):
        with pytest.raises(FetchError, match="no connection"):
            await fetch(outgoing, f"https://rebinding.example:{port}/good", internal=False)
    assert resolver.asked == 2
    assert not connected


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"])
def test_addresses_of_the_world_are_public(address: str) -> None:
    assert is_public(address)


PRIVATE = """
    0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1
    192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00::1
    ff02::1 2001:db8::1 100::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a00:1::
    2001:0:7f00:1::1 localhost 1 0x7f000001"""


@pytest.mark.row("T023")
@pytest.mark.parametrize("address", PRIVATE.split())
def test_all_other_addresses_are_not(address: str) -> None:
    assert not is_public(address)
