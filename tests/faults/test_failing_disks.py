"""Disks that are full, or fail: nothing is given that is not on record, it is said, and a restart is all it takes."""

import asyncio
import resource
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from tests.faults.days import GONE, Ready, Seen, days, hold_against
from tests.faults.disk import Room, never_ending
from tests.faults.life import Under, lived

DIED, REFUSED = 3, 2
"""Statuses of `broker serve`: its ledger died, and it would not start."""


def full_disk(state: Path, room: int) -> None:
    never_ending(state, Room(room))


def _largest(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.iterdir() if path.is_file())


async def _readiness(ready: Ready) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{ready.issuer}/readyz") as answer:
        return answer.status


async def _served_again(ready: Ready, seen: Seen) -> None:
    """With a disk in order a start is all it takes."""
    before = seen.whole
    async with lived(ready.state):
        await days(ready, seen, most=1)
        assert await _readiness(ready) == 200
    await hold_against(ready, seen)
    assert seen.whole == before + 1


@pytest.mark.row("F19")
@pytest.mark.parametrize("how", ["full", "quota"])
async def test_what_was_told_before_the_disk_was_full_is_there_and_a_restart_is_all_it_takes(
    ready: Ready, how: str
) -> None:
    seen, room = Seen(), 512 * 1024
    under: Under | None = partial(full_disk, room=room) if how == "full" else None
    limits = ((resource.RLIMIT_FSIZE, _largest(ready.state) + room),) if how == "quota" else ()
    async with lived(ready.state, under=under, limits=limits) as life:
        await asyncio.gather(*(days(ready, seen) for _ in range(4)))
        assert await life.status() == DIED
    assert seen.decisions, "the disk was full from the beginning"
    await hold_against(ready, seen)
    await _served_again(ready, seen)


@pytest.mark.row("F19")
async def test_on_a_full_disk_nothing_is_given_and_readiness_says_no(ready: Ready) -> None:
    seen = Seen()
    async with lived(ready.state, under=partial(full_disk, room=0)) as life:
        try:
            assert await _readiness(ready) == 503
            await days(ready, seen, most=1)
        except GONE:
            pass
        assert await life.status() in (DIED, REFUSED)
    assert not seen.whole
    assert not seen.with_bytes
    assert not seen.decisions
    assert "Traceback" not in life.log.read_text()
    await _served_again(ready, seen)
