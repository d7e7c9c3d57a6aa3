"""A thousand clients that hardly read: what they cost the broker in memory, in a process of its own."""

import asyncio
import resource
import socket
import ssl
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
EACH_BY_TLS = 256 * 1024
"""Bytes resident that one more client over TLS may take."""
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


def begun_by_tls(server: Server, client: ssl.SSLContext) -> ssl.SSLSocket:
    """The same, over TLS."""
    bare = socket.socket()
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bare.connect(("127.0.0.1", server.port))
    line = client.wrap_socket(bare, server_hostname="localhost")
    fields = "".join(f"{name}: {value}\r\n" for name, value in server.header.items())
    line.sendall(f"GET {server.path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
    assert line.recv(1024).startswith(b"HTTP/1.1 200")
    return line


@asynccontextmanager
async def serving(way: str, folder: Path) -> AsyncIterator[Server]:
    """A broker whose data lie in a folder, in some form, or at an origin over HTTP; `tls`: that it serves by TLS."""
    with ExitStack() as stack:
        if way == "tls":
            yield await asyncio.to_thread(stack.enter_context, broker(folder, SIZE, "--tls", str(folder)))
            return
        if way != "origin":
            yield await asyncio.to_thread(stack.enter_context, broker(folder, SIZE, "--form", way))
            return
        async with origin(**{"obj-1.bam": bytes(SIZE)}) as far:
            yield await asyncio.to_thread(stack.enter_context, broker(folder, SIZE, "--far", far.base))


def _many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))


@pytest.mark.row("T099", "F26")
@pytest.mark.parametrize("way", ["stored", "both", "origin"])
async def test_a_thousand_slow_downloads_fit_into_200_megabytes(tmp_path: Path, way: str) -> None:
    _many_files()
    async with serving(way, tmp_path) as server:
        with ExitStack() as stack:
            lines = [stack.enter_context(socket.socket()) for _ in range(CLIENTS)]
            for first in range(0, CLIENTS, _AT_ONCE):
                await asyncio.gather(*(begun(server, line) for line in lines[first : first + _AT_ONCE]))
            assert resident(server.process) <= MOST
            for line in lines[::100]:  # they are running still
                assert await asyncio.get_running_loop().sock_recv(line, 1024)


@pytest.mark.row("T099", "F26")
async def test_over_tls_each_takes_little_more(tmp_path: Path) -> None:
    """What was encrypted for a client lies in buffers of this process until the kernel takes it."""
    _many_files()
    async with serving("tls", tmp_path) as server:
        client = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with ExitStack() as stack:
            lines, before = list[ssl.SSLSocket](), 0
            for _ in range(0, CLIENTS // 4, _AT_ONCE):
                few = await asyncio.gather(*(asyncio.to_thread(begun_by_tls, server, client) for _ in range(_AT_ONCE)))
                lines += [stack.enter_context(line) for line in few]
                before = before or resident(server.process)
            assert resident(server.process) - before <= (len(lines) - _AT_ONCE) * EACH_BY_TLS
            for line in lines[::10]:  # they are running still
                assert await asyncio.to_thread(line.recv, 1024)
