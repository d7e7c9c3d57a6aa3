"""kill -9 in the middle of a download, by the kernel and from a store: what came is right, authorised, and closed."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from broker.core.audit.entry import decode
from tests.origin import origin

CONTENT = bytes(n * 7 % 251 for n in range(1 << 16)) * 192
"""Twelve megabytes: more than lies in the buffers between us."""
FIRST, LAST = 1_000, len(CONTENT) - 2_000


@asynccontextmanager
async def running(state: Path, root: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.end_to_end.killable", str(state), root, str(len(CONTENT)),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def received_until_killed(process: asyncio.subprocess.Process, told: dict[str, Any]) -> bytes:
    """The bytes of the object that a client got that reads a little, and the rest when the broker is dead."""
    reader, writer = await asyncio.open_connection("127.0.0.1", told["port"], limit=16 * 1024)
    writer.write(
        f"GET /data/obj-1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {told['ticket']}\r\n"
        f"Range: bytes={FIRST}-{LAST}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206"), head
    got = bytearray(await reader.readexactly(300_000))
    process.send_signal(signal.SIGKILL)
    await process.wait()
    with suppress(ConnectionError):
        while more := await reader.read(65_536):
            got += more
    writer.close()
    return bytes(got)


def entries(state: Path) -> list[Any]:
    with closing(sqlite3.connect(state / "broker.sqlite")) as db:
        return [decode(row[0]).entry for row in db.execute("SELECT body FROM record ORDER BY seq")]


def deliveries(state: Path) -> list[str]:
    with closing(sqlite3.connect(state / "broker.sqlite")) as db:
        return [row[0] for row in db.execute("SELECT state FROM delivery")]


@pytest.mark.parametrize("way", ["kernel", "origin"])
async def test_what_came_is_within_what_was_authorised_and_the_next_start_closes_it(tmp_path: Path, way: str) -> None:
    state, folder = tmp_path / "state", tmp_path / "bank"
    folder.mkdir()
    (folder / "obj-1.bam").write_bytes(CONTENT)
    async with origin(**{"obj-1.bam": CONTENT}) as far:
        root = str(folder) if way == "kernel" else far.base
        async with running(state, root) as (process, told):
            got = await received_until_killed(process, told)
        assert 0 < len(got) < LAST + 1 - FIRST, "it was not in the middle"
        assert got == CONTENT[FIRST : FIRST + len(got)]
        authorised = next(one for one in entries(state) if one.kind == "download.authorised")
        assert (authorised.about["first"], authorised.about["last"]) == (FIRST, LAST)
        assert deliveries(state) == ["open"]
        async with running(state, root):
            assert deliveries(state) == ["unknown"]
        last = next(one for one in entries(state) if one.kind == "download.unknown_end")
        assert last.about["delivery"] == authorised.about["delivery"]
