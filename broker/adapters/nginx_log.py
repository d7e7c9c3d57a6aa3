"""What nginx says that it sent for us: a log of JSON lines, read as it grows (config/nginx/access-broker.conf).

Each line names a delivery. All of the file is read at the start, because lines may have come while nobody read: what
is known already is not recorded again. When the file is turned over, the new one is read from its beginning.

Trusted: whoever writes the log says how much left. They can neither open nor hide a delivery.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import structlog

from broker.flows.handing_on import Reported
from broker.ports import LedgerDownError

log = structlog.get_logger(__name__)
_EVERY = 0.5
"""Seconds between two looks."""
_MOST = 1 << 20
"""Bytes that are read at once."""


class NginxLog:
    """One log file, and whom its lines are told."""

    def __init__(self, path: Path, tell: Callable[[Reported], Awaitable[object]]) -> None:
        self._path, self._tell = path, tell
        self._at, self._inode = 0, -1

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except LedgerDownError:  # the next start reads all of it again
                log.warning("nginx_log.unrecorded")
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        """Tell every whole line that is new. A file that is not there yet has none."""
        while lines := await asyncio.to_thread(self._new):
            for reported in _reported(lines):
                await self._tell(reported)

    def _new(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                seen = self._path.stat()
                if seen.st_ino != self._inode or seen.st_size < self._at:
                    self._at, self._inode = 0, seen.st_ino
                file.seek(self._at)
                whole = file.read(_MOST).rpartition(b"\n")[0]
        except FileNotFoundError:
            return b""
        self._at += len(whole) + 1 if whole else 0
        return whole


def _reported(lines: bytes) -> Iterator[Reported]:
    """What the lines say; one that cannot be read is told to the operator, and nothing follows from it."""
    for line in lines.split(b"\n"):
        try:
            said = json.loads(line)
            yield Reported(delivery=str(said["delivery"]), sent=int(said["sent"]), complete=said["done"] == "OK")
        except (ValueError, KeyError, TypeError):
            log.warning("nginx_log.unreadable_line")
