"""How do the bytes of an object come to a disk, whole, or not at all? In parallel ranges that can be gone on with.

A file appears under its name only when every byte is there and the digest fits. Until then it is `NAME.part`, and
`NAME.part.json` says which pieces are in it; who asks again goes on from there. A connection that breaks is tried
again; a refusal ends everything, since it is an answer.
"""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from broker.client.answers import Answer, RefusedError, TalkError, read
from broker.client.api import Api, is_safe
from broker.client.objects import Wanted

PIECE = 8 * 1024 * 1024
"""Bytes of one range request."""
TRIES = 6
"""Attempts at one piece without a single new byte, before it is given up."""
_READ = 256 * 1024
_DIGESTS = {"sha-256": "sha256", "sha-512": "sha512", "sha-384": "sha384", "md5": "md5"}
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_MOST_ERROR = 64 * 1024
_TOO_OLD, _OF_THE_MOMENT = 401, 500
"""Statuses: a new ticket may help; and, from here on, waiting may."""

Told = Callable[[int], None]
"""Hears how many more bytes are on the disk."""
Unseal = Callable[[Path, Path, Wanted], None]
"""Decrypts a file into another, if what is in it is what was promised. ValueError: it is not, or does not open."""
Pause = Callable[[float], Awaitable[None]]


class BrokenError(Exception):
    """The transfer cannot be finished now; what came is kept. The message says what to do."""


@dataclass(slots=True)
class _Ticket:
    """Leave to ask for the bytes: the address and its headers, as the broker gave them."""

    api: Api
    file: Wanted
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    receipt: str = ""
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, spent: str | None = None, method: str = "GET") -> tuple[str, Mapping[str, str]]:
        """The address now, for a request by `method`.

        `spent`: the header with which it was refused as too old; a new one is asked for once.
        """
        async with self._asking:
            if not self.url or (spent is not None and spent == self._secret()):
                said = await self.api.call("GET", self.file.access)
                self.url = str(said["url"])
                self.headers = dict(line.split(": ", 1) for line in said.get("headers", ()))
                if not is_safe(self.url):
                    raise TalkError(f"{self.url}: only https is used, and http on this machine")
            return self.url, self._with_proof(method)

    def _secret(self) -> str:
        return self.headers.get("Authorization", "")

    def _with_proof(self, method: str) -> Mapping[str, str]:
        scheme, _, token = self._secret().partition(" ")
        if scheme != "DPoP":
            return self.headers
        return {**self.headers, "DPoP": self.api.key.proof(method, self.url, token=token)}


@dataclass(slots=True)
class _Part:
    """The unfinished file, and which of its pieces are in it."""

    path: Path
    file: Wanted
    have: dict[int, int] = field(default_factory=dict)
    """How many bytes of each piece are there, from its beginning."""

    @property
    def notes(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def known(self) -> dict[str, Any]:
        """What must be the same for the pieces to belong together."""
        return {"id": self.file.id, "size": self.file.size, "checksums": dict(self.file.checksums), "piece": PIECE}

    def open(self) -> int:
        """The file, with room for everything; its pieces, if they are of the same content."""
        try:
            said = json.loads(self.notes.read_text("utf-8"))
            if said["of"] == self.known() and self.path.stat().st_size == self.file.size:
                self.have = {int(number): int(count) for number, count in said["have"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.have = {}
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.ftruncate(descriptor, self.file.size)
        return descriptor

    def note(self) -> None:
        new = self.notes.with_suffix(".new")
        new.write_text(json.dumps({"of": self.known(), "have": self.have}), "utf-8")
        new.replace(self.notes)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def missing(self) -> list[int]:
        return [n for n in range(-(-self.file.size // PIECE)) if self.have.get(n, 0) < self.length(n)]

    def length(self, piece: int) -> int:
        return min(PIECE, self.file.size - piece * PIECE)


async def fetch(
    api: Api, file: Wanted, folder: Path, *, parallel: int, told: Told, pause: Pause, unseal: Unseal | None = None
) -> Path:
    """The file in `folder`. RefusedError, TalkError, BrokenError; OSError where the disk says no.

    One that comes encrypted is decrypted when all of it is there.
    """
    goal = folder / file.folder / file.name
    if not set(file.checksums) & set(_DIGESTS):
        raise TalkError(f"{file.id}: its server names no digest that could be checked")
    if await asyncio.to_thread(_is_there, goal, file):
        told(file.size)
        return goal
    if goal.exists() and (not goal.is_file() or goal.stat().st_size != file.size):
        raise BrokenError(f"{goal} is there already and is something else: move it away, or say another --output")
    if file.sealed and unseal is None:
        raise TalkError(f"{file.name} comes only encrypted for a key of yours: say which one reads it, with --key FILE")
    goal.parent.mkdir(parents=True, exist_ok=True)
    ticket = _Ticket(api, file)
    stored = await _as_it_comes(ticket) if file.sealed else file
    part = _Part(goal.with_name(f"{stored.name}.part"), stored)
    descriptor = part.open()
    try:
        told(sum(part.have.values()))
        await _all_pieces(ticket, part, descriptor, parallel, told, pause)
        await asyncio.to_thread(os.fsync, descriptor)
    finally:
        os.close(descriptor)
        if file.size and not any(part.have.values()):  # nothing came, so there is nothing to go on with
            part.remove()
    if not await asyncio.to_thread(_put, part, goal, file, unseal):
        part.remove()
        raise BrokenError(f"{file.name}: the digest does not fit, so what came was removed. Run the command once more")
    part.notes.unlink(missing_ok=True)
    return goal


def unfinished(file: Wanted, folder: Path) -> Path | None:
    """What lies there of a file that was not fetched to its end."""
    goal = folder / file.folder / file.name
    parts = (goal.with_name(f"{goal.name}{end}") for end in (".part", ".c4gh.part"))
    return next((path for path in parts if path.is_file()), None)


async def _as_it_comes(ticket: _Ticket) -> Wanted:
    """An encrypted file as its server has it for this reader: how long it is, and by which tag it is known again."""
    url, headers = await ticket.get(method="HEAD")
    async with ticket.api.http.head(url, headers=headers, allow_redirects=False) as answer:
        size, tag = answer.content_length, answer.headers.get("ETag")
        if answer.status != 200 or size is None or tag is None:  # noqa: PLR2004
            raise BrokenError(f"{ticket.file.name}: the server answered with status {answer.status}, and no length")
    return replace(ticket.file, name=f"{ticket.file.name}.c4gh", size=size, checksums={"tag": tag})


def _put(part: _Part, goal: Path, file: Wanted, unseal: Unseal | None) -> bool:
    """The finished file under its name, if it is what was promised."""
    if file.sealed and unseal is not None:
        try:
            unseal(part.path, goal, file)
        except ValueError:
            return False
        part.path.unlink()
        return True
    if not _fits(part.path, file):
        return False
    part.path.replace(goal)
    return True


async def _all_pieces(ticket: _Ticket, part: _Part, descriptor: int, parallel: int, told: Told, pause: Pause) -> None:
    waiting = part.missing()
    part.note()

    async def work() -> None:
        while waiting:
            piece = waiting.pop(0)
            try:
                await _piece(ticket, part, descriptor, piece, told, pause)
            finally:
                part.note()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(waiting))):
                group.create_task(work())
    except* (RefusedError, TalkError, BrokenError, OSError) as failed:
        raise _first(failed) from None


def _first(failed: BaseExceptionGroup[Exception]) -> BaseException:
    """Of several, a refusal: it is the reason that a person can do something about."""
    every = sorted(_leaves(failed), key=lambda one: not isinstance(one, RefusedError))
    return every[0]


def _leaves(failed: BaseExceptionGroup[Exception]) -> list[BaseException]:
    return [
        leaf for one in failed.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]


async def _piece(ticket: _Ticket, part: _Part, descriptor: int, piece: int, told: Told, pause: Pause) -> None:
    """One piece, whatever happens on the way, unless nothing at all comes of it several times."""
    fruitless, spent, renewed = 0, None, False
    while (before := part.have.get(piece, 0)) < part.length(piece):
        if fruitless:
            await pause(min(0.5 * 2**fruitless, 30.0))
        url, headers = await ticket.get(spent)
        why = "the connection broke"
        try:
            answer = await _range(ticket.api.http, url, headers, part, descriptor, piece, told)
        except (aiohttp.ClientError, TimeoutError) as failure:
            answer, why = None, type(failure).__name__
        if answer is not None and answer.status == _TOO_OLD and not renewed:
            spent, renewed = headers.get("Authorization", ""), True
            continue
        if answer is not None and answer.status < _OF_THE_MOMENT:
            answer.taken()
            raise BrokenError(f"{part.file.name}: the server answered with status {answer.status}, without the range")
        came = part.have.get(piece, 0) > before
        fruitless, renewed = (0, False) if came else (fruitless + 1, renewed)
        if fruitless >= TRIES:
            raise BrokenError(f"{part.file.name}: {why}. What came is kept: run the same command again to go on")


async def _range(
    http: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    part: _Part,
    descriptor: int,
    piece: int,
    told: Told,
) -> Answer | None:
    """Write what comes of the rest of one piece. None: bytes came; else what was said instead of them."""
    first = piece * PIECE + part.have.get(piece, 0)
    last = piece * PIECE + part.length(piece) - 1
    asked = {**headers, "Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}
    async with http.get(url, headers=asked, allow_redirects=False) as answer:
        if answer.status != 206:  # noqa: PLR2004
            return Answer(answer.status, read(await answer.content.read(_MOST_ERROR)), dict(answer.headers))
        shown = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if shown is None or [int(one) for one in shown.groups()] != [first, last, part.file.size]:
            raise BrokenError(f"{part.file.name}: the server sent another range than was asked for")
        at = first
        async for chunk in answer.content.iter_chunked(_READ):
            kept = chunk[: last + 1 - at]
            await asyncio.to_thread(_write, descriptor, kept, at)
            at += len(kept)
            part.have[piece] = at - piece * PIECE
            told(len(kept))
    return None


def _write(descriptor: int, chunk: bytes, at: int) -> None:
    """All of it: a disk may take less at once than it is given."""
    left = memoryview(chunk)
    while left:
        count = os.pwrite(descriptor, left, at)
        left, at = left[count:], at + count


def _is_there(path: Path, file: Wanted) -> bool:
    return path.is_file() and path.stat().st_size == file.size and _fits(path, file)


def _fits(path: Path, file: Wanted) -> bool:
    """Do all digests that we can work out fit?"""
    known = {
        kind: hashlib.new(_DIGESTS[kind], usedforsecurity=kind != "md5") for kind in file.checksums if kind in _DIGESTS
    }
    with path.open("rb") as content:
        while chunk := content.read(1024 * 1024):
            for digest in known.values():
                digest.update(chunk)
    return bool(known) and all(digest.hexdigest() == file.checksums[kind] for kind, digest in known.items())
