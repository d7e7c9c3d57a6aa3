"""A store over HTTP in a few lines, which can be told to misbehave in every way that a test needs."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_PIECE = 64 * 1024
MORE = {"chunked long": b"more", "an error page": b"HTTP/1.1 500 No\r\n\r\n"}
"""What comes in place of the rest, or behind it."""


@dataclass
class Origin:
    """What it holds by path, what it was asked, and how it answers."""

    files: dict[str, bytes] = field(default_factory=dict)
    how: str = "honest"
    asked: list[dict[str, str]] = field(default_factory=list)
    base: str = ""
    honest: int = 0
    """How many requests it answers as it should before it begins to misbehave."""
    left: int = 0
    """Connections that the other end closed before everything was sent."""

    def tag(self, path: str) -> str:
        made = hashlib.sha256(self.files[path]).hexdigest()[:16]
        return f'"{made}{len(self.asked) if self.how == "other tags" else ""}"'

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await self._one(reader, writer)
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.split("\r\n")
        fields = {name.lower(): value for name, _, value in (one.partition(": ") for one in rest if one)}
        path = line.split(" ")[1].partition("?")[0]
        self.asked.append({"line": line} | fields)
        how = self.how if len(self.asked) > self.honest else "honest"
        if how.startswith("status "):
            return await _say(writer, f"HTTP/1.1 {how[7:]} No\r\nContent-Length: 2\r\n\r\nno".encode())
        if how == "redirect":
            return await _say(writer, b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        if how == "silent":
            await asyncio.sleep(3600)
        if path not in self.files:
            return await _say(writer, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        if how != "other tags" and fields.get("if-match", self.tag(path)) != self.tag(path):
            return await _say(writer, b"HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n")
        await self._body(writer, path, fields.get("range", ""), how)
        return None

    async def _body(self, writer: asyncio.StreamWriter, path: str, wanted: str, how: str) -> None:
        content = self.files[path]
        size = len(content)
        found = _RANGE.fullmatch(wanted)
        first, last = (int(found[1]), min(int(found[2]), size - 1)) if found else (0, size - 1)
        part = content[first : last + 1]
        status, told = "206 Partial Content", f"Content-Range: bytes {first}-{last}/{size}\r\n"
        length: int | None = len(part)
        if how == "whole":
            status, told, part, length = "200 OK", "", content, size
        if how == "other range":
            told = f"Content-Range: bytes {first + 1}-{last + 1}/{size}\r\n"
        if how == "other size":
            told = f"Content-Range: bytes {first}-{last}/{size + 1}\r\n"
        if how == "too long a length":
            length = len(part) + 5
        if how == "too short a length":
            length = len(part) - 5
        coding = "Content-Encoding: gzip\r\n" if how == "compressed" else ""
        ends = "Transfer-Encoding: chunked\r\n" if how.startswith("chunked") else f"Content-Length: {length}\r\n"
        await _say(writer, f"HTTP/1.1 {status}\r\n{told}{coding}{ends}ETag: {self.tag(path)}\r\n\r\n".encode())
        await self._send(writer, part, how)

    async def _send(self, writer: asyncio.StreamWriter, part: bytes, how: str) -> None:
        chunked = how.startswith("chunked")
        half = len(part) // 2
        stop = {"truncates": half, "stalls": half, "an error page": half, "chunked short": len(part) - 3, "one byte short": len(part) - 1}  # fmt: skip
        part = part[: stop.get(how, len(part))] + MORE.get(how, b"")
        for at in range(0, len(part), _PIECE):
            piece = part[at : at + _PIECE]
            try:
                await _say(writer, b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            except ConnectionError:
                self.left += 1
                raise
        if how == "stalls":
            await asyncio.sleep(3600)
        if chunked:
            await _say(writer, b"0\r\n\r\n")
        if how in stop and not chunked:
            raise ConnectionResetError


async def _say(writer: asyncio.StreamWriter, said: bytes) -> None:
    writer.write(said)
    await writer.drain()


@asynccontextmanager
async def origin(**files: bytes) -> AsyncIterator[Origin]:
    """Answering on loopback; `files`: name to content, under `/store/`."""
    made = Origin(files={f"/store/{name}": content for name, content in files.items()})
    running: set[asyncio.Task[None]] = set()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        task.add_done_callback(running.discard)
        with suppress(asyncio.CancelledError):
            await made.answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    made.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/store"
    try:
        yield made
    finally:
        server.close()
        for task in tuple(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
