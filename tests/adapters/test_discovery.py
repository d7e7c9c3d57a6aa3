"""Discovery documents of registered brokers: what they may lead to, how long they count, who waits for whom."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from broker.adapters.discovery import FRESH, Discoverable, Discovery
from broker.adapters.jwks import COOL_DOWN, HARD_LIMIT, JwksClient, KeySource
from broker.adapters.outgoing import FetchError
from broker.core.passport.discovered import Discovered, read_document
from broker.core.passport.read import DISCOVERED
from tests.core.passport.visa_builders import BROKER, BROKER_JKU, KEYS

DOCUMENT = f"{BROKER}.well-known/openid-configuration"
GOOD = {"issuer": BROKER, "jwks_uri": BROKER_JKU, "userinfo_endpoint": f"{BROKER}userinfo"}


def read(changes: dict[str, Any], listed: frozenset[str] = frozenset(), *, internal: bool = False) -> Discovered | str:
    return read_document(json.dumps({**GOOD, **changes}).encode(), BROKER, listed, internal=internal)


def test_a_document_leads_to_the_issuers_own_host() -> None:
    assert read({}) == Discovered(jwks_uri=BROKER_JKU, userinfo=f"{BROKER}userinfo")
    assert read({"userinfo_endpoint": None}) == Discovered(jwks_uri=BROKER_JKU, userinfo=None)


ELSEWHERE = [
    "https://evil.example/jwks", "http://broker.example/jwks", "https://broker.example:8443/jwks", "//broker.example/j",
    "https://user@broker.example/jwks", "https://broker.example@evil.example/jwks", "file:///etc/passwd", "data:,x",
    "ftp://broker.example/jwks", "https://BROKER.example/jwks", "https://broker.example./jwks", "/jwks", "", "x",
    "https://broker.example\\@evil.example/", "https://broker.example/jwks#x", "https://broker.example/ jwks",
    "https://broker.exampl\u0435/jwks", "https://[::1/jwks", "https://broker.example.evil.example/jwks",
]  # fmt: skip


@pytest.mark.row("T022", "T021")
@pytest.mark.parametrize("url", ELSEWHERE)
def test_it_leads_nowhere_else(url: str) -> None:
    assert read({"jwks_uri": url}) == "jwks_uri is neither on the issuer's host nor listed"
    found = read({"userinfo_endpoint": url})
    assert isinstance(found, Discovered)
    assert found.userinfo is None, "no token is sent there"


def test_unless_its_row_lists_the_address() -> None:
    other = "https://keys.example/jwks"
    found = read({"jwks_uri": other}, frozenset({other}))
    assert isinstance(found, Discovered)
    assert isinstance(read({"jwks_uri": f"{other}/"}, frozenset({other})), str)


@pytest.mark.row("T022", "C9")
@pytest.mark.parametrize(
    "issuer", [BROKER[:-1], f"{BROKER}/", BROKER.upper(), "https://evil.example/", None, 7, [BROKER]]
)
def test_a_document_of_another_issuer_is_refused(issuer: object) -> None:
    why = read({"issuer": issuer})
    assert isinstance(why, str)
    assert why.startswith("the discovery document names another issuer")
    assert ("slash" in why) == (issuer in (BROKER[:-1], f"{BROKER}/"))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b'{"issuer":"a","issuer":"b"}', b"\xff", b"[" * 9999])
def test_what_is_no_document_is_refused(raw: bytes) -> None:
    assert isinstance(read_document(raw, BROKER, (), internal=False), str)


def test_http_is_for_issuers_that_an_operator_called_internal() -> None:
    raw = json.dumps({"issuer": "http://b", "jwks_uri": "http://b/jwks"}).encode()
    assert isinstance(read_document(raw, "http://b", (), internal=True), Discovered)
    assert isinstance(read_document(raw, "http://b", (), internal=False), str)


class World:
    """Answers by address, a gate where one is wanted, and a clock of its own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.answers: dict[str, Any] = {DOCUMENT: GOOD, BROKER_JKU: {"keys": list(KEYS[BROKER, BROKER_JKU])}}
        self.asked: Counter[str] = Counter()
        self.gate: asyncio.Event | None = None
        self.discovery = Discovery(self, lambda: self.now)
        self.discovery.register([Discoverable(iss=BROKER)])

    async def fetch(self, url: str, *, limit: int, types: tuple[str, ...], internal: bool = False) -> bytes:
        del limit, types, internal
        self.asked[url] += 1
        if self.gate is not None:
            await self.gate.wait()
        found = self.answers.get(url, FetchError("status 500"))
        if isinstance(found, FetchError):
            raise found
        return json.dumps(found).encode()

    async def why_not(self) -> str:
        with pytest.raises(FetchError) as failure:
            await self.discovery.of(BROKER)
        return str(failure.value)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.row("C9", "T019")
async def test_nobody_who_is_not_registered_is_asked(world: World) -> None:
    for iss in ("https://evil.example/", BROKER[:-1], ""):
        with pytest.raises(FetchError):
            await world.discovery.of(iss)
    assert not world.asked


async def test_a_document_is_kept_and_asked_for_again_in_time(world: World) -> None:
    for _ in range(5):
        await world.discovery.of(BROKER)
    world.now += FRESH - 1
    await world.discovery.of(BROKER)
    assert world.asked == {DOCUMENT: 1}
    world.now += 1
    await world.discovery.of(BROKER)
    assert world.asked == {DOCUMENT: 2}


async def test_a_failure_is_not_hammered_and_the_last_good_one_counts_for_a_day(world: World) -> None:
    await world.discovery.of(BROKER)
    del world.answers[DOCUMENT]
    world.now += FRESH
    for _ in range(5):
        assert (await world.discovery.of(BROKER)).jwks_uri == BROKER_JKU
    assert world.asked == {DOCUMENT: 2}
    world.now += HARD_LIMIT
    assert await world.why_not() == "status 500"


async def test_a_document_that_says_something_else_ends_the_one_before(world: World) -> None:
    await world.discovery.of(BROKER)
    world.answers[DOCUMENT] = {**GOOD, "jwks_uri": "https://evil.example/"}
    world.now += FRESH
    assert await world.why_not() == "jwks_uri is neither on the issuer's host nor listed"


@pytest.mark.row("T032")
async def test_many_wait_for_one_fetch_and_who_gives_up_takes_nobody_along(world: World) -> None:
    world.gate = asyncio.Event()
    waiting = [asyncio.create_task(world.discovery.of(BROKER)) for _ in range(200)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    world.gate.set()
    assert {found.jwks_uri for found in await asyncio.gather(*waiting[1:])} == {BROKER_JKU}
    assert world.asked == {DOCUMENT: 1}


@pytest.mark.row("T031")
async def test_a_broker_that_stalls_delays_no_other(world: World) -> None:
    other = "https://other.example/"
    world.discovery.register([Discoverable(iss=BROKER), Discoverable(iss=other)])
    world.answers[f"{other}.well-known/openid-configuration"] = {"issuer": other, "jwks_uri": f"{other}jwks"}
    gate = world.gate = asyncio.Event()
    stalled = asyncio.create_task(world.discovery.of(BROKER))
    for _ in range(3):
        await asyncio.sleep(0)
    assert world.asked == {DOCUMENT: 1}
    world.gate = None
    assert (await world.discovery.of(other)).jwks_uri == f"{other}jwks"
    assert not stalled.done()
    gate.set()
    await stalled


async def test_keys_are_found_by_discovery(world: World) -> None:
    client = JwksClient(
        world, lambda: world.now, [KeySource(iss=BROKER, jku=DISCOVERED)], discovered=world.discovery.jwks_uri
    )
    keys = await client.keys(BROKER, DISCOVERED, "b-1")
    assert keys is not None
    assert [key["kid"] for key in keys] == ["b-1"]
    assert world.asked == {DOCUMENT: 1, BROKER_JKU: 1}


@pytest.mark.row("T022")
async def test_the_operator_sees_why_a_discovered_issuer_is_refused(world: World) -> None:
    world.answers[DOCUMENT] = {**GOOD, "issuer": BROKER[:-1]}
    client = JwksClient(
        world, lambda: world.now, [KeySource(iss=BROKER, jku=DISCOVERED)], discovered=world.discovery.jwks_uri
    )
    assert await client.keys(BROKER, DISCOVERED, "b-1") is None
    ((_, health),) = client.health()
    assert (health.state, health.error) == (
        "refused",
        "the discovery document names another issuer (a trailing slash)",
    )
    world.now += COOL_DOWN
    await world.discovery.close()
    assert world.asked == {DOCUMENT: 1}
