"""kill -9 under load: no byte without its entry, no acknowledged entry lost, and the log still proves itself.

The clients' own records are the judge. Kill points are drawn over the whole life of the process, its start included.
"""

import asyncio
import random

import pytest

from tests.faults.days import Ready, Seen, days, hold_against
from tests.faults.life import Life, lived

CLIENTS = 24
AT_WORK, FROM_ITS_START = (0.05, 0.6), (0.0, 1.5)
"""Seconds between which a process is killed: after it answered, or after it was begun."""


async def _killed_again_and_again(ready: Ready, kills: int) -> Seen:
    seen, chance = Seen(), random.Random(20261121)
    for number in range(kills):
        life = Life(ready.state)
        begun = asyncio.create_task(life.start())
        if number % 2 == 0:
            await begun
            # On a slow machine few get further than what they begin with.
            users = [asyncio.create_task(days(ready, seen, first=client)) for client in range(CLIENTS)]
            await asyncio.sleep(chance.uniform(*AT_WORK))
        else:
            users = []
            await asyncio.sleep(chance.uniform(*FROM_ITS_START))
        await life.end()
        await asyncio.gather(begun, *users)
        await hold_against(ready, seen)
    async with lived(ready.state):
        await days(ready, seen, most=1)
    await hold_against(ready, seen)
    return seen


@pytest.mark.row("F1", "T125")
async def test_what_was_told_or_given_is_on_record_after_every_kill(ready: Ready) -> None:
    seen = await _killed_again_and_again(ready, 8)
    assert seen.with_bytes, "the harness downloads nothing"
    assert seen.grants, "the harness is granted nothing"
    assert seen.passports


@pytest.mark.long
@pytest.mark.row("F1")
async def test_the_same_over_a_hundred_kills(ready: Ready) -> None:
    seen = await _killed_again_and_again(ready, 100)
    assert len(seen.with_bytes) > 100
