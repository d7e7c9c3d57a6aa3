"""Is the process there, could it authorise and record a download now, and how is it doing?"""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from broker.web.errors import Problem
from broker.web.metrics import METRICS, of_issuers
from broker.web.state import BROKER, READY


async def healthz(_: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """The ledger can be written and read, and nobody is stopping us."""
    readiness = request.app[READY]
    if readiness.draining:
        raise Problem("SRV-DRAINING")
    if not readiness.ledger_writes():
        raise Problem("SRV-NO-RECORD")
    await request.app[BROKER].audit.published()
    return web.json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text."""
    text = generate_latest(METRICS.registry) + generate_latest(of_issuers(request.app[BROKER].issuers.reports()))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})
