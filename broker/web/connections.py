"""Who is connected, how many there may be, and what those hear for whom there is no place. (RFC 9110 15.6.4)

A process may have only so many files and connections open at once. What may be connected stays so far below that a
connection that was accepted always finds what it needs, and accepting itself never fails for want of a descriptor.
"""

import asyncio
import errno
import socket
from typing import Any, Protocol

import structlog

from broker.web.errors import Problem, problem_response
from broker.web.metrics import METRICS
from broker.web.middleware import SAFE_HEADERS
from broker.web.sparing import Sparing

BATCH = 16
"""Connections that are accepted in one turn of the event loop: as many may be too many, until room is made."""
WAITING = 1024
"""Connections that the kernel keeps for us until they are accepted."""
RESERVED = 96
"""Descriptors for database, log, keys, other servers and the batch that is being accepted."""
EACH = 2
"""Descriptors of one connection: its own, and that of what it reads from."""


_NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FEW = Sparing()

log = structlog.get_logger(__name__)

FEWEST = 16
"""Connections with which serving makes sense: health checks and a proxy."""


def connections_for(open_files: int) -> int:
    """How many connections a process may serve that may have `open_files` descriptors; 0: none with certainty."""
    return max(0, (open_files - RESERVED) // EACH)


class Connection(Protocol):
    """One who is connected."""

    @property
    def is_idle(self) -> bool:
        """Is it waiting for the client's next request?"""
        ...

    def drop(self) -> None:
        """End it now, whatever is unsent."""
        ...

    def turn_away(self) -> None:
        """Answer whatever comes first that there is no place, and end it."""
        ...


class Everybody:
    """Who is connected, in the order in which they came."""

    def __init__(self) -> None:
        self._served: dict[Connection, None] = {}
        self._turned_away: dict[Connection, None] = {}

    def came(self, newcomer: Connection, most: int) -> None:
        """With more than `most`, who came first of those that are idle goes; if nobody is idle, the newcomer.

        Of those turned away a few may ask before they hear that there is no place; who comes behind them ends them.
        """
        self._served[newcomer] = None
        if len(self._served) <= most:
            return
        idle = next((one for one in self._served if one.is_idle), None)
        if idle is not None:
            del self._served[idle]  # now: it is closed in the next turn only, and more may come in this one
            idle.drop()
            return
        del self._served[newcomer]
        self._turned_away[newcomer] = None
        newcomer.turn_away()
        if len(self._turned_away) > BATCH:
            first = next(iter(self._turned_away))
            del self._turned_away[first]
            first.drop()

    def left(self, one: Connection) -> None:
        """It has ended."""
        self._served.pop(one, None)
        self._turned_away.pop(one, None)


def no_place() -> bytes:
    """The whole answer to somebody for whom there is no place: 503, to be tried again, and the end."""
    told = problem_response(Problem("SRV-BUSY"), "")
    body = told.body if isinstance(told.body, bytes) else b""
    said = {**told.headers, **SAFE_HEADERS, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {told.status} {told.reason}", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join((*lines, "", "")).encode() + body


def let_wait(listener: asyncio.Server) -> None:
    """The kernel keeps more callers waiting than are accepted in one turn, which is all that asyncio lets us say."""
    for one in listener.sockets:
        with socket.fromfd(one.fileno(), one.family, one.type) as same:
            same.listen(WAITING)


def tell_of_failures(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The loop's word on what failed in it: without a descriptor a line, some of them a second, and no traceback.

    asyncio stops accepting for a second then, and tries again by itself.
    """
    failure = context.get("exception")
    if not isinstance(failure, OSError) or failure.errno not in _NOTHING_LEFT:
        loop.default_exception_handler(context)
        return
    left_out = _FEW.admits("no descriptor")
    if left_out is None:
        METRICS.lines_left_out.inc()
    else:
        log.error("http.no_descriptor", error=errno.errorcode[failure.errno], left_out=left_out)
