"""The tasks of a person (/api/v1/me/tasks): what goes on after signing out, and how to end it."""

from typing import Any

from aiohttp import web

from broker.core.oidc.errors import OAuthError
from broker.core.outcome import Reason
from broker.core.rows.tasks import Task
from broker.core.time import rfc3339
from broker.flows.oauth.tasks import end_task, tasks_of
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.state import BROKER


async def list_tasks(request: web.Request) -> web.Response:
    """GET /me/tasks: one's tasks that go on: those of the client that asks, and those for what was released to it."""
    who, broker = await caller(request), request.app[BROKER]
    tasks = await tasks_of(broker.oauth, who.person, broker.world.clock.now())
    seen = [task for task in tasks if task.client == who.client or set(task.grants) <= set(who.grants)]
    return web.json_response({"tasks": [_task(task) for task in seen]})


async def delete_task(request: web.Request) -> web.Response:
    """DELETE /me/tasks/{task}: end it now, and its running downloads. Twice is once."""
    who, broker = await caller(request), request.app[BROKER]
    refused = await end_task(broker.oauth, who.person, request.match_info["task"])
    if isinstance(refused, Reason):
        raise Problem.of(refused)
    if isinstance(refused, OAuthError):
        raise Problem(refused.code)
    return web.Response(status=204)


def _task(row: Task) -> dict[str, Any]:
    return {
        "id": row.id,
        "client": row.client,
        "datasets": list(row.datasets),
        "grants": list(row.grants),
        "made": rfc3339(row.made),
        "ends": rfc3339(row.ends),
    }
