"""A thousand clients that hardly read: what they cost the broker in memory, in a process of its own."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.bench.delivery import Server, broker
from tests.origin import origin

CLIENTS = 1_000
SIZE = 8_000_000
MOST = 200 * 1024 * 1024
"""Bytes resident, all of the process: design, "How fast"."""
_FILES = 4 * CLIENTS
"""Descriptors of a process: a connection, a second one for the kernel, a file or another connection, and room."""
_AT_ONCE = 50


def resident(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


async def begun(server: Server, line: socket.socket) -> None:
    """A client that has the head of its answer, and reads no further."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)  # noqa: FBT003 (a method of the library)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, ("127.0.0.1", server.port))
    fields = "".join(f"{name}: {value}\r\n" for name, value in server.header.items())
    await loop.sock_sendall(line, f"GET {server.path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
    head = await loop.sock_recv(line, 1024)
    assert head.startswith(b"HTTP/1.1 200"), head


@asynccontextmanager
async def serving(way: str, folder: Path) -> AsyncIterator[Server]:
    """A broker whose data lie in a folder, in some form, or at an origin over HTTP."""
    with ExitStack() as stack:
        if way != "origin":
            yield await asyncio.to_thread(stack.enter_context, broker(folder, SIZE, "--form", way))
            return
        async with origin(**{"obj-1.bam": bytes(SIZE)}) as far:
            yield await asyncio.to_thread(stack.enter_context, broker(folder, SIZE, "--far", far.base))


@pytest.mark.row("T099", "F26")
@pytest.mark.parametrize("way", ["stored", "both", "origin"])
async def test_a_thousand_slow_downloads_fit_into_200_megabytes(tmp_path: Path, way: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    async with serving(way, tmp_path) as server:
        with ExitStack() as stack:
            lines = [stack.enter_context(socket.socket()) for _ in range(CLIENTS)]
            for first in range(0, CLIENTS, _AT_ONCE):
                await asyncio.gather(*(begun(server, line) for line in lines[first : first + _AT_ONCE]))
            assert resident(server.process) <= MOST
            for line in lines[::100]:  # they are running still
                assert await asyncio.get_running_loop().sock_recv(line, 1024)
