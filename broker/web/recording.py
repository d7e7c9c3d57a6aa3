"""The ledger as the edge sees it: how long records take, who waits, and for which request each entry was made.

A request's id is in its answer, its lines of the log, its trace and its entries, so that one leads to the others.
"""

import hashlib
import re
from collections.abc import Sequence
from contextvars import ContextVar
from functools import lru_cache
from time import monotonic

from aiohttp import web
from prometheus_client import Counter

from broker.core.audit.entry import Entry, added
from broker.core.rows import Change
from broker.ports import Ledger
from broker.ports.tracing import Tracer
from broker.web.metrics import METRICS

MEMBER = "http_request"
"""Under which name an entry has the id."""
_HARMLESS = re.compile(r"[0-9a-f-]{8,64}")
"""Ours, and every id that is drawn (W3C trace ids, UUIDs). Another may be anything that a caller likes, a name too."""

REQUEST: ContextVar[str] = ContextVar("http_request", default="")
"""The id of the request that is being answered; empty outside of any."""


def noted(request_id: str) -> str:
    """The id as an entry holds it, for ever: itself, or its digest where a caller chose its words."""
    if _HARMLESS.fullmatch(request_id):
        return request_id
    return "sha256:" + hashlib.sha256(request_id.encode()).hexdigest()


class WatchedLedger:
    """A ports.Ledger: the one underneath, timed and traced, and with the request's id in each entry."""

    def __init__(self, ledger: Ledger, tracer: Tracer) -> None:
        self._ledger, self._tracer = ledger, tracer
        self._since: dict[object, float] = {}

    def longest_wait(self) -> float:
        """Seconds for which somebody has waited by now for what they want recorded; 0 if nobody waits."""
        return monotonic() - min(self._since.values()) if self._since else 0.0

    async def record(self, entry: Entry, *changes: Change) -> int | None:
        """As the one underneath."""
        mark, began = self._begun()
        try:
            with self._tracer.part("record", kind=entry.kind):
                index = await self._ledger.record(_named(entry), *changes)
            METRICS.record_seconds.observe(monotonic() - began)
        finally:
            self._ended(mark)
        _recorded(entry.kind).inc()
        return index

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """As the one underneath."""
        mark, began = self._begun()
        try:
            with self._tracer.part("record", entries=len(records)):
                await self._ledger.record_each([(_named(entry), puts) for entry, puts in records])
            METRICS.record_seconds.observe(monotonic() - began)
        finally:
            self._ended(mark)
        for entry, _ in records:
            _recorded(entry.kind).inc()

    def _begun(self) -> tuple[object, float]:
        mark, began = object(), monotonic()
        self._since[mark] = began
        METRICS.recording.inc()
        return mark, began

    def _ended(self, mark: object) -> None:
        del self._since[mark]
        METRICS.recording.dec()


@lru_cache(maxsize=512)
def _recorded(kind: str) -> Counter:
    return METRICS.recorded.labels(kind)


def _named(entry: Entry) -> Entry:
    request = REQUEST.get()
    return added(entry, MEMBER, noted(request)) if request else entry


WATCHED = web.AppKey("watched_ledger", WatchedLedger)
