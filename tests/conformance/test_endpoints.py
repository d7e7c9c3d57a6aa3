"""What every Endpoints must do: one body of tests, every implementation."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from broker.adapters.discovery import Discoverable, Discovery
from broker.adapters.endpoints import AT_ONCE, KEPT_SECONDS, HttpEndpoints, UserInfoSource
from broker.adapters.outgoing import FetchError
from broker.core.passport.userinfo import Answer
from broker.ports import Endpoints, UpstreamError
from tests.fakes import MemoryEndpoints

A, B, STRANGER = "https://a.example/", "https://b.example/", "https://stranger.example/"
URL = f"{A}userinfo"


class Internet:
    """A's UserInfo knows one token; B is down. Says who was asked, with what."""

    def __init__(self) -> None:
        self.now = 0.0
        self.known: dict[str, dict[str, Any]] = {"t-1": {"sub": "u-1"}}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.gate: asyncio.Event | None = None
        self.failure: FetchError | None = None

    async def fetch(self, url: str, **_: Any) -> bytes:
        assert url == f"{A}.well-known/openid-configuration"
        return json.dumps({"issuer": A, "jwks_uri": f"{A}jwks", "userinfo_endpoint": URL}).encode()

    async def ask(self, url: str, *, authorization: str | None = None, **_: Any) -> tuple[str, bytes]:
        scheme, token = (authorization or " ").split(" ")
        assert scheme == "Bearer"
        self.asked[url, token] += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if not url.startswith(A):
            raise FetchError("status 503", 503)
        if token not in self.known:
            raise FetchError("status 401", 401)
        return "application/json", json.dumps(self.known[token]).encode()


def live(net: Internet, url: str | None = None) -> HttpEndpoints:
    discovery = Discovery(net, lambda: net.now)
    discovery.register([Discoverable(iss=A)])
    made = HttpEndpoints(net, discovery, lambda: net.now)
    made.register([UserInfoSource(iss=A, url=url), UserInfoSource(iss=B, url=f"{B}userinfo")])
    return made


def memory() -> MemoryEndpoints:
    made = MemoryEndpoints(issuers={A, B}, down={B})
    made.says(A, "t-1", {"sub": "u-1"})
    return made


@pytest.fixture(params=[memory, lambda: live(Internet())], ids=["memory", "live"])
def endpoints(request: pytest.FixtureRequest) -> Endpoints:
    make: Callable[[], Endpoints] = request.param
    return make()


async def test_an_issuer_says_what_it_knows_of_its_token(endpoints: Endpoints) -> None:
    found = await endpoints.userinfo(A, "t-1")
    assert found is not None
    assert (found.media, json.loads(found.body)) == ("application/json", {"sub": "u-1"})
    polled = await endpoints.poll(A, "t-1")
    assert isinstance(polled, Answer)


async def test_a_token_that_it_refuses_is_none(endpoints: Endpoints) -> None:
    assert await endpoints.userinfo(A, "t-2") is None
    assert await endpoints.poll(A, "t-2") == 401


async def test_one_that_does_not_answer_is_an_error(endpoints: Endpoints) -> None:
    with pytest.raises(UpstreamError):
        await endpoints.userinfo(B, "t-1")
    assert await endpoints.poll(B, "t-1") in (0, 503)


async def test_a_stranger_is_never_asked(endpoints: Endpoints) -> None:
    with pytest.raises(UpstreamError):
        await endpoints.userinfo(STRANGER, "t-1")
    assert await endpoints.poll(STRANGER, "t-1") == 0


# The live one alone: for how long, how often, for whom.


async def test_an_answer_is_kept_for_a_minute_and_a_refusal_too() -> None:
    net = Internet()
    made = live(net)
    for _ in range(5):
        assert await made.userinfo(A, "t-1") is not None
        assert await made.userinfo(A, "t-2") is None
    assert net.asked == {(URL, "t-1"): 1, (URL, "t-2"): 1}
    net.known.clear()
    net.now += KEPT_SECONDS - 1
    assert await made.userinfo(A, "t-1") is not None
    net.now += 1
    assert await made.userinfo(A, "t-1") is None, "what its broker withdrew is refused a minute later at the latest"


async def test_a_failure_is_not_kept() -> None:
    net = Internet()
    made = live(net)
    net.failure = FetchError("status 500", 500)
    with pytest.raises(UpstreamError):
        await made.userinfo(A, "t-1")
    net.failure = None
    assert await made.userinfo(A, "t-1") is not None


@pytest.mark.row("T118", "C5")
async def test_answers_are_bound_to_issuer_and_token() -> None:
    net = Internet()
    made = live(net)
    assert await made.userinfo(A, "t-1") is not None
    with pytest.raises(UpstreamError):
        await made.userinfo(B, "t-1")
    assert await made.userinfo(A, "t-1 ".strip() + "x") is None


async def test_a_row_that_changed_forgets_what_it_said() -> None:
    net = Internet()
    made = live(net)
    await made.userinfo(A, "t-1")
    made.register([UserInfoSource(iss=A, url=f"{A}other")])
    await made.userinfo(A, "t-1")
    assert net.asked == {(URL, "t-1"): 1, (f"{A}other", "t-1"): 1}
    made.register([])
    with pytest.raises(UpstreamError):
        await made.userinfo(A, "t-1")


@pytest.mark.row("T032")
async def test_many_requests_with_one_token_make_one_question() -> None:
    net = Internet()
    made = live(net, URL)
    net.gate = asyncio.Event()
    waiting = [asyncio.create_task(made.userinfo(A, "t-1")) for _ in range(200)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    net.gate.set()
    assert all(await asyncio.gather(*waiting[1:]))
    assert net.asked == {(URL, "t-1"): 1}


@pytest.mark.row("T031")
async def test_one_issuer_is_asked_so_much_at_once_and_others_do_not_wait() -> None:
    net = Internet()
    made = live(net, URL)
    net.gate = asyncio.Event()
    waiting = [asyncio.create_task(made.userinfo(A, f"t-{number}")) for number in range(AT_ONCE)]
    await asyncio.sleep(0)
    with pytest.raises(UpstreamError, match="too many"):
        await made.userinfo(A, "one-more")
    other = asyncio.create_task(made.userinfo(B, "t-1"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert net.asked[f"{B}userinfo", "t-1"] == 1
    net.gate.set()
    await asyncio.gather(*waiting, other, return_exceptions=True)
    assert await made.userinfo(A, "one-more") is None


async def test_no_token_is_kept() -> None:
    net = Internet()
    made = live(net)
    net.known["canary"] = {"sub": "u"}
    await made.userinfo(A, "canary")
    assert "canary" not in repr(made._kept)


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.adapters.endpoints.KEPT_BYTES", 2_000)
    net = Internet()
    made = live(net)
    for number in range(100):
        await made.userinfo(A, f"t-{number}")
    assert made._bytes <= 2_000
    assert 0 < len(made._kept) <= 8


@pytest.mark.row("C5")
async def test_a_broker_without_an_address_of_its_own_gets_no_token() -> None:
    net = Internet()
    made = live(net)
    made._discovery.register([])
    with pytest.raises(UpstreamError):
        await made.userinfo(A, "t-1")
    assert not net.asked
