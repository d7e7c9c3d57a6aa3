"""Is the process there, could it authorise and record a download now, and how is it doing?"""

import asyncio
from contextlib import suppress
from time import monotonic

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from broker.flows.ready import rehearse
from broker.ports import LedgerDownError
from broker.web.edge import EDGE, FORWARDS, may_watch
from broker.web.errors import Problem
from broker.web.metrics import METRICS, of_issuers
from broker.web.recording import WATCHED
from broker.web.state import BROKER, READY, Broker, Readiness

_SECONDS = 5.0
"""For which a record may wait, or a rehearsal take, before we are not ready."""
_EVERY = 1.0
"""Seconds for which a rehearsal that went well counts."""


async def healthz(_: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """A download can be authorised and recorded within five seconds, and nobody is stopping us."""
    readiness = request.app[READY]
    if readiness.draining:
        raise Problem("SRV-DRAINING")
    if not readiness.ledger_writes() or request.app[WATCHED].longest_wait() > _SECONDS:
        raise Problem("SRV-NO-RECORD")
    try:
        async with asyncio.timeout(_SECONDS):
            await _rehearsed(request.app[BROKER], readiness)
    except TimeoutError:
        raise Problem("SRV-NO-RECORD") from None
    return web.json_response({"status": "ready"})


async def _rehearsed(broker: Broker, readiness: Readiness) -> None:
    """Whoever asks more often than once a second hears what was found within that second."""
    if monotonic() - readiness.rehearsed >= _EVERY:
        await rehearse(broker.world)
        await broker.audit.published()
        readiness.rehearsed = monotonic()


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text, for this machine and the networks of `metrics_from`; for others there is nothing here."""
    edge = request.app[EDGE]
    if not may_watch(request.remote, edge.watchers, forwarded=any(name in request.headers for name in FORWARDS)):
        raise Problem("REQ-NOT-FOUND")
    log = request.app[BROKER].audit
    with suppress(LedgerDownError):  # without the record what was known of it stands, and all else is told
        METRICS.entries.set(await log.head())
        METRICS.published.set(log.first + (await log.published()).size)
    text = generate_latest(METRICS.registry) + generate_latest(of_issuers(request.app[BROKER].issuers.reports()))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})
