"""The computers that somebody connected in their name: which there are, and removing one (ruling 14)."""

from aiohttp import web

from broker.core.rows import Client
from broker.core.time import rfc3339
from broker.flows.oauth.installations import connected, disconnect
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


async def my_devices(request: web.Request) -> web.Response:
    """GET /me/devices: the computers that act for the caller."""
    who = await caller(request)
    found = connected(request.app[BROKER].oauth, who.person.id)
    return web.json_response({"devices": [_device(client) for client in found]})


async def remove_device(request: web.Request) -> web.Response:
    """DELETE /me/devices/{client}: it gets nothing any more, and what it holds ends now. Twice is once."""
    who = await caller(request)
    refused = await disconnect(request.app[BROKER].oauth, who.person, request.match_info["client"])
    if refused is not None:
        raise Problem.of(refused)
    return web.Response(status=204)


def _device(client: Client) -> dict[str, object]:
    return {
        "client_id": client.id,
        "name": client.name,
        "program": client.parent,
        "created": rfc3339(client.created) if client.created is not None else None,
        "status": client.status,
    }
