"""A process that has no file descriptor left: it goes on, turns nobody's processor into heat, and recovers by itself."""

import asyncio
import os
import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from broker.web.connections import EACH, FEWEST, RESERVED
from broker.web.sparing import LINES
from tests.faults.days import Ready
from tests.faults.life import Life, lived

ALLOWED = 192
CALLERS = 600
REFUSED = 2
TICKS = os.sysconf("SC_CLK_TCK")


def open_in(life: Life) -> int:
    return sum(1 for _ in Path(f"/proc/{life.pid}/fd").iterdir())


def worked(life: Life) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{life.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def allow(life: Life, soft: int) -> None:
    resource.prlimit(life.pid, resource.RLIMIT_NOFILE, (soft, ALLOWED))


async def healthy(http: aiohttp.ClientSession, path: str = "/healthz") -> int:
    async with http.get(path) as answer:
        await answer.read()
        return answer.status


async def recovered(ready: Ready) -> None:
    """A caller who comes now is answered, at the second or third try."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with aiohttp.ClientSession(ready.issuer) as http:
                    if await healthy(http, "/readyz") == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


@pytest.mark.long
@pytest.mark.row("F24")
async def test_more_callers_than_descriptors_are_no_reason_to_fail(ready: Ready) -> None:
    """The soft limit alone is what a process may change: the hard one holds."""
    async with lived(ready.state, limits=((resource.RLIMIT_NOFILE, ALLOWED),)) as life:
        with ExitStack() as stack:
            for _ in range(CALLERS):
                stack.enter_context(socket.create_connection(("127.0.0.1", life.port)))
            await recovered(ready)
            assert open_in(life) < ALLOWED
        await recovered(ready)
        assert "http.no_descriptor" not in life.log.read_text()


@pytest.mark.long
@pytest.mark.row("F24")
async def test_without_a_descriptor_who_is_connected_is_served_and_nothing_spins(ready: Ready) -> None:
    async with lived(ready.state, limits=((resource.RLIMIT_NOFILE, ALLOWED),)) as life:
        one = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(ready.issuer, connector=one) as http:
            assert await healthy(http) == 200
            allow(life, open_in(life))
            with ExitStack() as stack:
                for _ in range(40):
                    stack.enter_context(socket.create_connection(("127.0.0.1", life.port)))
                before, since = worked(life), time.monotonic()
                while time.monotonic() < since + 3:
                    assert await healthy(http) == 200
                    await asyncio.sleep(0.1)
                seconds = time.monotonic() - since
                assert worked(life) - before < 0.5 * seconds
                said = life.log.read_text()
                assert 1 <= said.count("http.no_descriptor") <= LINES * (seconds + 2)
                assert "Traceback" not in said
            allow(life, ALLOWED)
        await recovered(ready)


@pytest.mark.row("F24", "F95")
async def test_too_few_descriptors_to_serve_refuse_the_start_in_one_line(ready: Ready) -> None:
    needed = RESERVED + EACH * FEWEST
    async with lived(ready.state, limits=((resource.RLIMIT_NOFILE, needed - 1),)) as life:
        assert await life.status() == REFUSED
    said = life.log.read_text()
    assert f"open files: {needed - 1} are allowed, {needed} are needed" in said
    assert "Traceback" not in said
