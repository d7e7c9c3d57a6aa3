"""The keys of foreign issuers: when they are asked for, how long they count, who waits for whom (adversarial B)."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters.jose import public_jwk
from broker.adapters.jwks import COOL_DOWN, FRESH, HARD_LIMIT, JwksClient, KeySource
from broker.adapters.outgoing import FetchError
from broker.core.passport.keys import thumbprint

A, B = (
    KeySource(iss="https://a.example/", jku="https://a.example/jwks"),
    KeySource(iss="b", jku="https://b.example/jwks"),
)
ONE, TWO = (public_jwk(ec.derive_private_key(number, ec.SECP256R1()), f"k{number}", "ES256") for number in (1, 2))


class Internet:
    """Answers by address; an address with a gate answers when the gate opens."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.asked: Counter[str] = Counter()
        self.internal: list[bool] = []

    async def fetch(self, url: str, *, limit: int, types: tuple[str, ...], internal: bool = False) -> bytes:
        assert limit > 0
        assert "application/json" in types
        self.asked[url] += 1
        self.internal.append(internal)
        if url in self.gates:
            await self.gates[url].wait()
        answer = self.answers.get(url, FetchError("status 500"))
        if isinstance(answer, FetchError):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps({"keys": answer}).encode()


class World:
    def __init__(self, *sources: KeySource) -> None:
        self.now = 1_000.0
        self.net = Internet()
        self.net.answers = {A.jku: [ONE], B.jku: [TWO]}
        self.client = JwksClient(self.net, lambda: self.now, sources or (A, B))

    async def kids(self, source: KeySource = A, kid: str = "k1") -> list[str] | None:
        keys = await self.client.keys(source.iss, source.jku, kid)
        return None if keys is None else [key["kid"] for key in keys]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.row("T019", "C8", "C9", "F30")
async def test_what_is_not_registered_is_never_asked(world: World) -> None:
    for iss, jku in ((A.iss, B.jku), (B.iss, A.jku), (A.iss, A.jku + "/"), ("x", A.jku), (A.iss, "")):
        assert await world.client.keys(iss, jku, "k1") is None
        assert await world.client.refresh(iss, jku) is None
    assert not world.net.asked


async def test_keys_are_fetched_once_and_used_while_they_are_fresh(world: World) -> None:
    assert await world.kids() == ["k1"]
    world.now += FRESH - 1
    assert await world.kids() == ["k1"]
    assert world.net.asked == {A.jku: 1}
    world.now += 1
    assert await world.kids() == ["k1"]
    assert world.net.asked == {A.jku: 2}


@pytest.mark.row("T028", "F29")
async def test_a_new_key_counts_after_one_fetch(world: World) -> None:
    await world.kids()
    world.net.answers[A.jku] = [ONE, TWO]
    world.now += COOL_DOWN
    assert await world.kids(kid="k2") == ["k1", "k2"]
    assert world.net.asked == {A.jku: 2}


@pytest.mark.row("T029", "F29")
async def test_a_withdrawn_key_counts_no_longer_than_the_set_is_fresh(world: World) -> None:
    world.net.answers[A.jku] = [ONE, TWO]
    await world.kids()
    world.net.answers[A.jku] = [TWO]
    world.now += FRESH
    assert await world.kids() == ["k2"]


@pytest.mark.row("T026", "F29")
async def test_a_thousand_unknown_names_cause_one_fetch_a_cool_down(world: World) -> None:
    await world.kids()
    for number in range(1000):
        await world.kids(kid=f"random-{number}")
    assert world.net.asked == {A.jku: 1}
    world.now += COOL_DOWN
    for number in range(1000):
        await world.kids(kid=f"random-{number}")
    assert world.net.asked == {A.jku: 2}


@pytest.mark.row("T026")
async def test_known_names_do_not_wait_while_unknown_ones_are_asked_for(world: World) -> None:
    await world.kids()
    world.now += COOL_DOWN
    gate = world.net.gates[A.jku] = asyncio.Event()
    asking = asyncio.create_task(world.kids(kid="unknown"))
    await asyncio.sleep(0)
    assert await world.kids() == ["k1"]
    assert not asking.done()
    gate.set()
    assert await asking == ["k1"]


@pytest.mark.row("T032")
async def test_200_callers_cause_one_fetch(world: World) -> None:
    gate = world.net.gates[A.jku] = asyncio.Event()
    callers = [asyncio.create_task(world.kids()) for _ in range(200)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*callers) == [["k1"]] * 200
    assert world.net.asked == {A.jku: 1}


@pytest.mark.row("T032")
async def test_a_caller_that_gives_up_takes_nobody_along(world: World) -> None:
    gate = world.net.gates[A.jku] = asyncio.Event()
    first, second = asyncio.create_task(world.kids()), asyncio.create_task(world.kids())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await second == ["k1"]
    assert first.cancelled()


@pytest.mark.row("T031", "F28")
async def test_an_issuer_that_stalls_delays_nobody_else(world: World) -> None:
    world.net.gates[A.jku] = asyncio.Event()
    stalled = asyncio.create_task(world.kids())
    await asyncio.sleep(0)
    assert await world.kids(B, "k2") == ["k2"]
    assert not stalled.done()
    world.net.gates[A.jku].set()
    await stalled


@pytest.mark.row("T031")
async def test_who_needs_keys_of_two_issuers_asks_both_at_once(world: World) -> None:
    world.net.gates[A.jku] = world.net.gates[B.jku] = asyncio.Event()
    both = asyncio.create_task(world.client.sets([(A.iss, A.jku, "k1"), (B.iss, B.jku, "k2")]))
    for _ in range(20):
        await asyncio.sleep(0)
    assert world.net.asked == {A.jku: 1, B.jku: 1}, "both were asked before either has answered"
    world.net.gates[A.jku].set()
    assert {jku for _, jku in await both} == {A.jku, B.jku}


@pytest.mark.row("T027", "F29")
@pytest.mark.parametrize("answer", [FetchError("status 500"), b"<html>", b'{"keys": {}}', [ONE] * 101])
async def test_a_failing_address_leaves_the_last_good_set_until_the_hard_limit(world: World, answer: object) -> None:
    await world.kids()
    world.net.answers[A.jku] = answer
    world.now += HARD_LIMIT - 1
    assert await world.kids() == ["k1"]
    assert world.client.health()[0][1].state == "stale"
    world.now += 1
    assert await world.kids() is None
    assert world.client.health()[0][1].state == "refused"


async def test_an_address_that_never_answered_has_no_keys_and_is_not_hammered(world: World) -> None:
    del world.net.answers[A.jku]
    assert await world.kids() is None
    assert await world.kids() is None
    assert world.net.asked == {A.jku: 1}
    world.now += COOL_DOWN - 1
    assert await world.kids() is None
    assert world.net.asked == {A.jku: 1}
    world.now += 1
    world.net.answers[A.jku] = [ONE]
    assert await world.kids() == ["k1"]


@pytest.mark.row("T027")
async def test_an_empty_set_withdraws_everything_only_when_it_is_said_twice(world: World) -> None:
    await world.kids()
    world.net.answers[A.jku] = []
    world.now += FRESH
    assert await world.kids() == ["k1"]
    assert world.client.health()[0][1].error == "no usable key; believed when said again"
    world.now += COOL_DOWN - 1
    assert await world.kids() == ["k1"]
    world.now += 1
    assert await world.kids() == []


async def test_an_empty_set_and_then_a_good_one_is_no_withdrawal(world: World) -> None:
    await world.kids()
    for answer in ([], [ONE], []):
        world.net.answers[A.jku] = answer
        world.now += FRESH
        assert await world.kids() == ["k1"]


@pytest.mark.row("T029")
async def test_an_operator_can_ask_at_once_and_is_believed_at_once(world: World) -> None:
    await world.kids()
    world.net.answers[A.jku] = [TWO]
    health = await world.client.refresh(A.iss, A.jku)
    assert health is not None
    assert (health.state, len(health.keys)) == ("good", 1)
    assert await world.kids(kid="k2") == ["k2"]
    world.net.answers[A.jku] = []
    await world.client.refresh(A.iss, A.jku)
    assert await world.kids() == []
    world.net.answers[A.jku] = FetchError("status 503")
    health = await world.client.refresh(A.iss, A.jku)
    assert health is not None
    assert health.error == "status 503"


async def test_a_refresh_comes_after_a_fetch_that_is_under_way(world: World) -> None:
    gate = world.net.gates[A.jku] = asyncio.Event()
    asking = asyncio.create_task(world.kids())
    await asyncio.sleep(0)
    refreshing = asyncio.create_task(world.client.refresh(A.iss, A.jku))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(asking, refreshing)
    assert world.net.asked == {A.jku: 2}


@pytest.mark.row("T033")
async def test_one_issuers_answer_never_changes_anothers_keys(world: World) -> None:
    """T033: B serves a key under A's key name."""
    await world.kids()
    world.net.answers[B.jku] = [{**TWO, "kid": "k1"}]
    assert await world.kids(B) == ["k1"]
    assert await world.client.keys(A.iss, A.jku, "k1") == (ONE,)
    assert await world.client.keys(B.iss, B.jku, "k1") == ({**TWO, "kid": "k1"},)


@pytest.mark.row("T033", "T020")
async def test_one_address_of_two_issuers_is_two_registrations(world: World) -> None:
    both = World(A, KeySource(iss="other", jku=A.jku))
    await both.kids()
    assert await both.client.keys("other", A.jku, "k1") == (ONE,)
    both.client.register([A])
    assert await both.client.keys("other", A.jku, "k1") is None
    assert await world.kids() == ["k1"]


async def test_registering_anew_keeps_what_stays_and_forgets_what_goes(world: World) -> None:
    await world.kids()
    world.client.register([A])
    assert await world.kids() == ["k1"]
    assert await world.kids(B, "k2") is None
    assert world.net.asked == {A.jku: 1}
    world.client.register([KeySource(iss=A.iss, jku=A.jku, internal=True)])
    assert await world.kids() == ["k1"]
    assert world.net.asked == {A.jku: 2}
    assert world.net.internal == [False, True]


async def test_closing_ends_what_is_under_way(world: World) -> None:
    world.net.gates[A.jku] = asyncio.Event()
    asking = asyncio.create_task(world.kids())
    await asyncio.sleep(0)
    await world.client.close()
    assert await asking is None
    assert await world.kids() is None


async def test_health_tells_each_address_apart(world: World) -> None:
    assert [one.state for _, one in world.client.health()] == ["unused", "unused"]
    await world.kids()
    del world.net.answers[B.jku]
    await world.kids(B)
    world.now += 10
    (iss, good), (_, refused) = world.client.health()
    assert (iss, good.jku, good.state, good.age, good.error) == (A.iss, A.jku, "good", 10, None)
    assert [(key.kid, key.algorithm, key.thumbprint) for key in good.keys] == [("k1", "ES256", thumbprint(ONE))]
    assert (refused.state, refused.keys, refused.age, refused.error) == ("refused", (), None, "status 500")
    world.now += FRESH
    assert world.client.health()[0][1].state == "stale"
