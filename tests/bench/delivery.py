"""Half a gigabyte to a client: what it costs who serves it, against Debian's nginx with the same file.

Measured is the CPU of the processes that serve, not of who downloads. What comes from a store over HTTP is measured
against a proxy of a dozen lines that checks nothing. Without nginx there is no yardstick, and so no row; with STRICT=1
that is an error.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.byte_server import NGINX
from tests.bench.measure import Goal, Yardstick
from tests.interop.nginx import nginx, readable_folder
from tests.interop.serving import free_port

SIZE = 500_000_000
_OF_NGINX, _OF_PROXY = 0.22, 0.46
"""Seconds of CPU that each took for a gigabyte where the goals were set."""
_STATIC = "server {{ listen 127.0.0.1:{port}; root {folder}; sendfile on; }}"


@dataclass(frozen=True, slots=True)
class Server:
    """A broker in another process, and how to download from it."""

    process: int
    port: int
    path: str
    header: dict[str, str]

    def get(self) -> None:
        download(self.port, self.path, self.header)


def download(port: int, path: str, header: dict[str, str]) -> None:
    """All of it, read and forgotten. RuntimeError if it is not all."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in header.items())
    buffer = memoryview(bytearray(1 << 20))
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n".encode())
        got = 0
        while count := line.recv_into(buffer):
            got += count
    if got < SIZE:
        raise RuntimeError(f"{got} bytes of {SIZE} arrived")


def spent_by(*processes: int) -> Callable[[], float]:
    """Seconds of CPU of these processes, all their threads, by now."""

    def spent() -> float:
        files = (file for one in processes for file in Path(f"/proc/{one}/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9

    return spent


def _workers(folder: Path) -> tuple[int, ...]:
    """The processes of an nginx, by the file in which it wrote the first of them."""
    first = int((folder / "pid").read_text())
    others = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return (first, *map(int, others))


@contextmanager
def _running(module: str, *arguments: str) -> Iterator[tuple[int, bytes]]:
    """A module of ours in a process of its own, until we leave; its process id, and the line that it prints."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout is not None
            yield process.pid, process.stdout.readline()
        finally:
            process.kill()


@contextmanager
def broker(folder: Path, size: int, *more: str) -> Iterator[Server]:
    """One that serves a file of `size` bytes in `folder`; `more`: further arguments of `byte_server`."""
    with _running("byte_server", str(folder), str(size), *more) as (process, line):
        said = json.loads(line)
        yield Server(process, said["port"], said["path"], said["header"])


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With brokers, a proxy and nginx that run meanwhile."""
    loop = asyncio.new_event_loop()
    with ExitStack() as stack:
        stack.callback(loop.close)
        folder = stack.enter_context(readable_folder())
        bank, static = folder / "files" / "bank", free_port()
        bank.mkdir(parents=True)
        (folder / "far").mkdir()
        near = stack.enter_context(broker(bank, SIZE))
        front = nginx(folder, near.port, folder / "files", _STATIC.format(port=static, folder=bank), NGINX)
        port, _ = loop.run_until_complete(front.__aenter__())
        stack.callback(lambda: loop.run_until_complete(front.__aexit__(None, None, None)))
        store = f"http://127.0.0.1:{static}"
        far = stack.enter_context(broker(folder / "far", SIZE, "--far", store))
        proxy, line = stack.enter_context(_running("bare_proxy", f"{store}/obj-1.bam"))
        served, bare = _workers(folder), int(line)
        yield _goals(near, far, Server(near.process, port, near.path, near.header), static, served, (bare, proxy))


def _goals(
    near: Server, far: Server, behind: Server, static: int, served: tuple[int, ...], bare: tuple[int, int]
) -> tuple[Goal, ...]:
    nginx_alone = Yardstick(
        name="nginx, sending the same 500 MB by sendfile",
        reference=_OF_NGINX * SIZE / 1000,
        run=lambda: download(static, "/obj-1.bam", {}),
        spent=spent_by(*served),
    )
    proxy = Yardstick(
        name="a bare aiohttp proxy, handing on the same 500 MB",
        reference=_OF_PROXY * SIZE / 1000,
        run=lambda: download(bare[0], "/", {}),
        spent=spent_by(bare[1]),
    )
    rows = (
        ("500 MB of a file, straight from the broker", 0.40, near.get, nginx_alone, (near.process,)),
        (
            "the same, decided by the broker and sent by nginx: both of them",
            0.25,
            behind.get,
            nginx_alone,
            (near.process, *served),
        ),
        ("the same from a store over HTTP, by the broker", 0.65, far.get, proxy, (far.process,)),
    )
    return tuple(
        Goal(name=name, micros=seconds * SIZE / 1000, run=run, against=against, spent=spent_by(*processes))
        for name, seconds, run, against, processes in rows
    )


def can_be_measured() -> bool:
    """Is there an nginx? RuntimeError where nothing may be left out."""
    there = shutil.which("nginx") is not None or Path("/usr/sbin/nginx").exists()
    if not there and os.environ.get("STRICT") == "1":
        raise RuntimeError("nginx is missing: apt-get install nginx-light")
    return there
