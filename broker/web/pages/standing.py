"""The public page of the service's own state: does it work, how long is the record, which rules hold."""

from aiohttp import web

from broker.core.time import rfc3339
from broker.ports import LedgerDownError
from broker.web.pages.here import page, visitor
from broker.web.public import in_force
from broker.web.recording import WATCHED
from broker.web.state import BROKER, READY

_SECONDS = 5.0
"""For which a record may wait before we say that nothing can be recorded."""


async def status(request: web.Request) -> web.Response:
    """GET /status. 503 where nothing can be recorded, so that a watcher without eyes understands it too."""
    broker, ready = request.app[BROKER], request.app[READY]
    works = ready.ledger_writes() and request.app[WATCHED].longest_wait() <= _SECONDS
    try:
        snapshot = broker.snapshots.current()
    except LedgerDownError:
        return page(request, None, "status.html", {"state": "down", "now": _now(request)}, status=503)
    state = "draining" if ready.draining else "ok" if works else "down"
    values = {
        "state": state,
        "now": _now(request),
        "version": broker.version,
        "entries": await broker.audit.head(),
        "signed": broker.audit.first + (await broker.audit.published()).size,
        "packs": len(in_force(request)),
        "mode": snapshot.rulebook.mode,
    }
    who = await visitor(request) if works else None
    return page(request, who, "status.html", values, status=200 if state == "ok" else 503)


def _now(request: web.Request) -> str:
    return rfc3339(request.app[BROKER].world.clock.now())
