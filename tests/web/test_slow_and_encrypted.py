"""A client that reads nothing for a while: nothing of a file is held for it, and it gets every byte in the end."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.repositories.local import LocalFile
from tests.adapters.crypt4gh.of_the_package import decrypted
from tests.web.site import PATIENCE, Site, opened, site
from tests.web.test_crypt4gh_delivery import ADAS, PLAIN, archive, registered, stored

BIG = PLAIN * 40
"""More than a connection has room for."""


class Reading:
    """Who reads the body of a file; `left`: nobody does who did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.left = 0, asyncio.Event()
        read = LocalFile.read

        async def counted(file: LocalFile, first: int, last: int) -> AsyncIterator[bytes]:
            body = last == file.size - 1
            self.begun += body
            try:
                async for chunk in read(file, first, last):
                    yield chunk
            finally:
                if body:
                    self.left.set()

        monkeypatch.setattr(LocalFile, "read", counted)


async def slowly(s: Site, way: str, reading: Reading) -> bytes:
    """All of an answer, of which a client read nothing until nobody read the file any more."""
    path, header = await opened(s, way)
    fields = "".join(f"{name}: {value}\r\n" for name, value in header.items())
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)  # noqa: FBT003 (a method of the library)
        await loop.sock_connect(line, ("127.0.0.1", s.http.port))
        request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n"
        await loop.sock_sendall(line, request.encode())
        await asyncio.wait_for(reading.left.wait(), PATIENCE)
        assert reading.begun == 1
        got = bytearray()
        while piece := await loop.sock_recv(line, 1 << 20):
            got += piece
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return body


def assert_on_record(s: Site, size: int) -> None:
    about: dict[str, Any] = dict(s.stage.ledger.entries[-1].about)
    assert (s.stage.kinds()[-1], about["end"], about["sent"]) == ("download.end", "complete", size)


@pytest.mark.row("T099", "F26")
async def test_what_is_encrypted_for_a_slow_client_is_held_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(monkeypatch)
    async with site(tmp_path, registered(), content=BIG) as s:
        body = await slowly(s, "crypt4gh", reading)
        assert decrypted(body, ADAS) == BIG
        assert reading.begun > 1
        assert_on_record(s, len(body))


@pytest.mark.row("T099", "F26")
async def test_what_is_decrypted_for_a_slow_client_is_held_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(monkeypatch)
    async with archive(tmp_path, stored(BIG), plain=BIG, plaintext=True) as s:
        body = await slowly(s, "https", reading)
        assert hashlib.sha256(body).digest() == hashlib.sha256(BIG).digest()
        assert reading.begun > 1
        assert_on_record(s, len(body))
