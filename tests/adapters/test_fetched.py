"""A document that is fetched: one fetch for many, not asked again too soon, not believed for ever."""

import asyncio

import pytest

from broker.adapters.fetched import Ages, Fetched
from broker.adapters.outgoing import FetchError

AGES = Ages(fresh=100, cool_down=10, hard=1000)


class World:
    def __init__(self) -> None:
        self.now = 50.0
        self.answer: str | None = "one"
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.document = Fetched(self.load, lambda: self.now, AGES)

    async def load(self) -> str:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.answer is None:
            raise FetchError("status 500")
        return self.answer


@pytest.mark.row("T032")
async def test_200_callers_cause_one_fetch_and_one_that_gives_up_takes_nobody_along() -> None:
    w = World()
    w.gate = asyncio.Event()
    first = asyncio.create_task(w.document.get())
    others = [asyncio.create_task(w.document.get()) for _ in range(200)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    w.gate.set()
    assert set(await asyncio.gather(*others)) == {"one"}
    assert w.asked == 1


async def test_a_fresh_document_is_used_without_asking() -> None:
    w = World()
    assert await w.document.get() == "one"
    w.now += 99
    assert await w.document.get() == "one"
    assert (w.asked, w.document.state) == (1, "good")
    w.now += 1
    w.answer = "two"
    assert await w.document.get() == "two"
    assert w.asked == 2


@pytest.mark.row("T027")
async def test_a_failure_is_remembered_for_the_cool_down_and_the_last_good_one_counts_until_the_hard_limit() -> None:
    w = World()
    w.answer = None
    for _ in range(50):
        assert await w.document.get() is None
    assert (w.asked, w.document.state, w.document.error) == (1, "refused", "status 500")
    w.now += 10
    w.answer = "one"
    assert await w.document.get() == "one"
    good, w.answer = w.now, None
    w.now = good + 999
    assert await w.document.get() == "one"
    assert (w.document.state, w.document.age) == ("stale", 999)
    w.now = good + 1000
    assert await w.document.get() is None
    assert w.document.state == "refused"


async def test_an_operator_is_answered_at_once() -> None:
    w = World()
    assert w.document.state == "unused"
    w.answer = None
    assert await w.document.refresh() is None
    w.answer = "one"
    assert await w.document.get() is None, "not within the cool-down"
    assert await w.document.refresh() == "one"
