"""The page of uses beyond a limit: what was found, whether the grant rests, and what somebody says that it was."""

from typing import Any

from aiohttp import web

from broker.core.outcome import Reason
from broker.core.rows.uses import BYTES
from broker.flows.alerts import SeenAlert, alerts, close
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 32 * 1024


async def listing(request: web.Request) -> web.Response:
    """GET /alerts: what is open, and what was closed last."""
    return await _listing(request, await signed_in(request))


async def closed(request: web.Request) -> web.Response:
    """POST /alerts: what it was."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    id, ground = form.get("alert", "")[:100], form.get("ground", "")
    done = await close(request.app[BROKER].world, who, id, ground)
    if isinstance(done, Reason):
        wrong = worded(done, language(request))
        return await _listing(request, who, wrong, {id: ground})
    raise web.HTTPSeeOther("/alerts")


async def _listing(
    request: web.Request, who: Caller, wrong: str | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    found = await alerts(request.app[BROKER].world, who)
    values = {"rows": [_row(one) for one in found], "wrong": wrong, "typed": typed or {}}
    return page(request, who, "alerts.html", values, status=409 if wrong else 200)


def _row(one: SeenAlert) -> dict[str, Any]:
    row = one.alert
    return {
        "id": row.id, "grant": row.grant, "title": one.title, "rule": row.rule, "found": row.found,
        "limit": row.limit, "countries": row.countries, "held": row.held, "raised": row.raised, "state": row.state,
        "bytes": row.rule in BYTES, "closed": row.closed, "ground": row.ground, "may": one.may and row.state == "open",
    }  # fmt: skip
