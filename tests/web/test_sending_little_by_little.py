"""web/sending.py: a connection that takes a few bytes at a time gets all of them, in order, once."""

import asyncio
import socket
from typing import Any

import pytest

from broker.web.sending import _Line, _read
from broker.web.streams import Stream
from tests.adapters.crypt4gh.test_around import Held

CONTENT = bytes(n * 7 % 251 for n in range(400_000))


@pytest.mark.row("T099", "T093")
@pytest.mark.parametrize("near", [True, False])
async def test_a_narrow_connection_gets_every_byte_once(*, near: bool) -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    body, nobody = Held(CONTENT), Any
    body.near = near
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    stream = Stream(transport, lambda _: True)
    line = _Line(nobody, nobody, transport, stream, asyncio.Semaphore(1))  # type: ignore[arg-type]
    sending = asyncio.create_task(_read(line, body, 5, len(CONTENT) - 1, None))
    got = b""
    with theirs:
        theirs.setblocking(False)  # noqa: FBT003 (a method of the library)
        while len(got) < len(CONTENT) - 5:
            async with asyncio.timeout(20):
                got += await asyncio.get_running_loop().sock_recv(theirs, 10_000)
        await sending
        line.close()
        transport.close()
    assert got == CONTENT[5:]
    assert stream.sent == len(got)
