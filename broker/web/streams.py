"""Downloads that are running, each with the question that it rests on: asked again at every change.

The check runs in the same turn in which a change was committed, and a stream that fails it is aborted there
and then: what is still in our buffers never reaches the kernel.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from broker.core.rows import Access
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.ports import Clock, LedgerDownError
from broker.web.metrics import METRICS

AT_ONCE = 16
"""Downloads that hold pieces of a file at the same time: more than there are threads that read."""

Permitted = Callable[[Snapshot], bool]
Listen = Callable[[Callable[[Snapshot], None]], Callable[[], None]]


class Stream:
    """One running download: how much it has handed over, and whether it was cut."""

    def __init__(
        self,
        transport: asyncio.Transport,
        permitted: Permitted,
        access: Access | None = None,
        sending: asyncio.Task[Any] | None = None,
    ) -> None:
        """`access`: what it was permitted as; an administrator is told of it, and can end it. `sending`: by whom."""
        self.access = access
        self._transport = transport
        self._permitted = permitted
        self._given = 0
        self._left = 0
        self._sending = sending
        self.was_cut = False

    def given(self, count: int) -> None:
        """`count` more bytes of the object were given to the connection."""
        self._given += count
        METRICS.bytes_sent.inc(count)

    @property
    def sent(self) -> int:
        """Bytes that were handed to the kernel: what was given, less what still lay in our buffer at the end."""
        return max(self._given - self._left, 0)

    def review(self, snapshot: Snapshot) -> None:
        """Ask again; cut if the answer is no. A question that fails to be answered is a no."""
        if self.was_cut:
            return
        try:
            if self._permitted(snapshot):
                return
        except Exception:
            self.cut()
            raise
        self.cut()

    def cut(self) -> None:
        """End the download now: the right to it has ended. Who sends it waits no longer, for a turn or for a store."""
        if self.was_cut:
            return
        self.was_cut = True
        METRICS.cut.inc()
        self.break_off()
        if self._sending is not None and self._sending is not asyncio.current_task():
            self._sending.cancel()

    def break_off(self) -> None:
        """Abort the connection now. The client sees a broken transfer, never a short one that looks whole.

        Reset, not closed: what the kernel holds for a slow reader is thrown away too.
        """
        self.settle()
        if not self._transport.is_closing():
            _reset(self._transport)
        self._transport.abort()

    def settle(self) -> None:
        """Note what the kernel has not taken: after this nothing more leaves."""
        if not self._transport.is_closing():
            self._left = self._transport.get_write_buffer_size()


def _reset(transport: asyncio.Transport) -> None:
    """Close with a reset (SO_LINGER 0), and wake whoever writes to another descriptor of this connection."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):  # the other end may have gone already
            connection.shutdown(socket.SHUT_RDWR)


class Running(NamedTuple):
    """One running download, as an administrator is told of it: never where it goes."""

    access: str
    person: str
    dataset: str
    object: str
    sent: int


class LiveStreams:
    """Every running download of this process."""

    def __init__(self, listen: Listen, clock: Clock) -> None:
        self._running: set[Stream] = set()
        self.turns = asyncio.Semaphore(AT_ONCE)
        """One of these is had by who reads, decrypts or encrypts: however many downloads run, so few hold a piece."""
        self._clock = clock
        self._current: Snapshot | None = None
        self.stop = listen(self._changed)

    def _changed(self, snapshot: Snapshot) -> None:
        """Every stream is asked again, also after a question that failed: that one is told afterwards."""
        failures: list[Exception] = []
        for stream in tuple(self._running):
            try:
                stream.review(snapshot)
            except Exception as failure:  # noqa: BLE001 (raised below)
                failures.append(failure)
        if failures:
            raise failures[0]

    def told(self) -> tuple[Running, ...]:
        """The downloads that run, in order of their accesses."""
        known = [(one.access, one.sent) for one in self._running if one.access is not None and not one.was_cut]
        running = [Running(a.id, a.person, a.dataset, a.object, sent) for a, sent in known]
        return tuple(sorted(running, key=lambda one: one.access))

    def cut_all(self) -> None:
        """End every download: the record is dead, so no withdrawal could reach them any more."""
        for stream in tuple(self._running):
            stream.cut()

    @contextmanager
    def running(self, stream: Stream, current: Callable[[], Snapshot], until: Seconds) -> Iterator[None]:
        """Watch `stream` while the body runs; at `until`, when a right may end by itself, ask again too."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def due() -> None:
            nonlocal timer
            try:
                stream.review(current())
            except LedgerDownError:  # nobody knows what was withdrawn
                stream.cut()
            if not stream.was_cut:
                timer = loop.call_later(1.0, due)

        wait = until - self._clock.now()
        timer = loop.call_later(max(float(wait), 0.0), due) if wait < _LONGEST else None
        self._running.add(stream)
        METRICS.streams.inc()
        try:
            stream.review(current())  # what changed between the decision and now counts
            yield
        finally:
            self._running.discard(stream)
            METRICS.streams.dec()
            if timer is not None:
                timer.cancel()


_LONGEST = 30 * 24 * 3600
"""Seconds; no download runs for longer, and timers cannot be set for much longer."""
