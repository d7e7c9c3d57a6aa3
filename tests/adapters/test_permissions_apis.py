"""Permissions APIs of others: one fetch for all who ask, nobody waits for who is slow, and every failure is seen."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from broker.adapters.outgoing import FetchError
from broker.adapters.permissions_apis import COOL_DOWN, FRESH, PermissionsApis
from broker.core.ids import Issuer
from broker.ports import Wanted


def wanted(sub: str = "ada", issuer: str = "https://rems.example") -> Wanted:
    return Wanted(issuer=Issuer(issuer), sub=sub, api=f"{issuer}/", api_key="k", api_user="us", internal=False)


def body(*visas: Any) -> bytes:
    return json.dumps({"ga4gh_passport_v1": visas}).encode()


@dataclass
class Fetcher:
    """Answers what it is told to; where there is a gate, only when it is open."""

    answers: dict[str, bytes | FetchError] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    async def fetch(self, url: str, *, limit: int, types: Any, internal: bool = False, more: Any = None) -> bytes:
        del limit, types, internal
        self.calls.append((url, more))
        host = url.split("/")[2]
        if host in self.gates:
            await self.gates[host].wait()
        answer = self.answers.get(host, body("v"))
        if isinstance(answer, FetchError):
            raise answer
        return answer


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def apis(patience: float = 5.0) -> tuple[Fetcher, Time, PermissionsApis]:
    fetcher, time = Fetcher(), Time()
    return fetcher, time, PermissionsApis(fetcher, time, patience)


async def test_it_is_asked_in_the_way_of_rems() -> None:
    fetcher, _, sources = apis()
    strange = wanted("a/../b?c#d@é")
    assert await sources.visas([strange]) == {strange: ("v",)}
    url = "https://rems.example/api/permissions/a%2F..%2Fb%3Fc%23d%40%C3%A9?expired=false"
    assert fetcher.calls == [(url, {"x-rems-api-key": "k", "x-rems-user-id": "us"})]


async def test_many_ask_and_one_fetch_answers() -> None:
    fetcher, time, sources = apis()
    found = await asyncio.gather(*(sources.visas([wanted()]) for _ in range(50)))
    assert all(one == {wanted(): ("v",)} for one in found)
    assert len(fetcher.calls) == 1
    time.now = FRESH - 1
    await sources.visas([wanted()])
    assert len(fetcher.calls) == 1
    time.now = FRESH
    await sources.visas([wanted()])
    assert len(fetcher.calls) == 2


async def test_who_is_slow_delays_nobody_and_answers_the_next_time() -> None:
    fetcher, _, sources = apis(patience=0)
    slow, quick = wanted(issuer="https://slow.example"), wanted(issuer="https://quick.example")
    fetcher.gates["slow.example"] = asyncio.Event()
    await sources.visas([slow, quick])
    for _ in range(5):
        await asyncio.sleep(0)
    assert await sources.visas([slow, quick]) == {quick: ("v",)}
    fetcher.gates["slow.example"].set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert await sources.visas([slow, quick]) == {slow: ("v",), quick: ("v",)}
    assert len(fetcher.calls) == 2
    await sources.close()


async def test_a_caller_who_gives_up_takes_nobody_along() -> None:
    fetcher, _, sources = apis()
    fetcher.gates["rems.example"] = asyncio.Event()
    leader = asyncio.create_task(sources.visas([wanted()]))
    await asyncio.sleep(0)
    follower = asyncio.create_task(sources.visas([wanted()]))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.sleep(0)
    fetcher.gates["rems.example"].set()
    assert await follower == {wanted(): ("v",)}


BROKEN: list[Any] = [
    FetchError("status 501"), FetchError("no answer within 8 seconds"), b"", b"{}", b"[]", b'{"ga4gh_passport_v1": "v"}',
    b'{"ga4gh_passport_v1": [1]}', b'{"ga4gh_passport_v1": ["v"], "ga4gh_passport_v1": []}', body(*map(str, range(501))),
]  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN, ids=lambda one: str(one)[:40])
async def test_what_is_no_answer_is_no_empty_one_and_is_not_asked_again_at_once(answer: Any) -> None:
    fetcher, time, sources = apis()
    fetcher.answers["rems.example"] = answer
    assert await sources.visas([wanted()]) == {}
    (health,) = sources.health()
    assert (health.issuer, health.age) == ("https://rems.example", None)
    assert health.error
    time.now = COOL_DOWN - 1
    assert await sources.visas([wanted()]) == {}
    assert len(fetcher.calls) == 1
    fetcher.answers.clear()
    time.now = COOL_DOWN
    assert await sources.visas([wanted()]) == {wanted(): ("v",)}
    (health,) = sources.health()
    assert (health.age, health.error) == (0.0, None)


async def test_five_hundred_visas_are_an_answer_and_none_is_one_too() -> None:
    fetcher, time, sources = apis()
    fetcher.answers["rems.example"] = body(*map(str, range(500)))
    assert len((await sources.visas([wanted()]))[wanted()]) == 500
    fetcher.answers["rems.example"] = body()
    time.now = FRESH
    assert await sources.visas([wanted()]) == {wanted(): ()}


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.adapters.permissions_apis.MEMORY", 5_000)
    fetcher, _, sources = apis()
    for n in range(100):
        await sources.visas([wanted(f"u{n}")])
    assert len(sources._asked) <= 10
    await sources.visas([wanted("u0")])
    assert len(fetcher.calls) == 101
