"""A thousand clients that hardly read: what they cost the broker in memory, in a process of its own."""

import asyncio
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.bench.delivery import Server, broker

CLIENTS = 1_000
SIZE = 8_000_000
MOST = 200 * 1024 * 1024
"""Bytes resident, all of the process: design, "How fast"."""
_FILES = 4 * CLIENTS
"""Descriptors of the broker: a connection, a second one for the kernel, a file, and room."""


def resident(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def begun(server: Server) -> socket.socket:
    """A client that has the head of its answer, and reads no further."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", server.port))
    fields = "".join(f"{name}: {value}\r\n" for name, value in server.header.items())
    line.sendall(f"GET {server.path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
    return line


async def test_a_thousand_slow_downloads_fit_into_200_megabytes(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    with ExitStack() as stack:
        server = stack.enter_context(broker(tmp_path, SIZE))
        lines = [stack.enter_context(begun(server)) for _ in range(CLIENTS)]
        for line in lines:
            head = await asyncio.to_thread(line.recv, 1024)
            assert head.startswith(b"HTTP/1.1 200"), head
        assert resident(server.process) <= MOST
        for line in lines[::100]:  # they are running still
            assert await asyncio.to_thread(line.recv, 1024)
