"""The page of incidents: what was published, for everybody; for who is signed in, what they report and deal with."""

from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.access.incidents import BREACHES, IncidentCommand
from broker.core.ids import DatasetId, GrantId
from broker.core.outcome import Reason
from broker.core.rows import Incident
from broker.core.time import parse_rfc3339
from broker.flows import incidents
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.languages import language
from broker.web.pages.here import page, signed_in, visitor
from broker.web.pages.picking import all_settled, picked, source
from broker.web.pages.render import asking
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 128 * 1024
_TEXT = 20_000
_EMPTY = Reason(code="REQ-INVALID", facts=(("problem", "grants: which ones"),))
_OFFERED = 10
"""Incidents, the newest, beside which the grants stand that could be suspended."""
STEPS = ("freeze", "investigate", "decide", "inform", "publish")


async def listing(request: web.Request) -> web.Response:
    """GET /incidents: what was published; for who is signed in, their own and a form."""
    return _listed(request, await visitor(request))


async def acted(request: web.Request) -> web.Response:
    """POST /incidents: report one, or take a step; which, `do` says."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    if form.get("do") == "find":
        return _listed(request, who, form)
    after, problem = all_settled(request, who, form, ["dataset"]) if form.get("do") == "report" else (form, "")
    if problem:
        return _listed(request, who, form, problem)
    form = MultiDict(after) if after is not form else form
    done = await _step(request, who, form)
    if isinstance(done, Reason):
        return _listed(request, who, form, worded(done, language(request)))
    raise web.HTTPSeeOther("/incidents")


async def _step(request: web.Request, who: Caller, form: MultiDict[str]) -> Incident | Reason:
    world, id, text, do = request.app[BROKER].world, form.get("incident", ""), form.get("text", ""), form.get("do", "")
    if any(len(value) > _TEXT for value in form.values()):
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {_TEXT} characters"),))
    if do == "report":
        try:
            noticed = parse_rfc3339(form.get("noticed", "").strip())
        except ValueError:
            return Reason(code="REQ-INVALID", facts=(("problem", "noticed: a day, for example 2027-01-31"),))
        dataset, said = (
            DatasetId(form.get("dataset", "").splitlines()[-1] if form.get("dataset") else ""),
            form.get("breach", "other"),
        )
        breach = next((one for one in BREACHES if one == said), None)
        if breach is None:
            return Reason(code="REQ-INVALID", facts=(("problem", f"breach: {', '.join(BREACHES)}"),))
        return await incidents.report(world, who, dataset, text, noticed, breach)
    if do == "freeze":
        lines = (line.strip() for said in form.getall("grants", ()) for line in said.splitlines())
        grants = [GrantId(line) for line in lines if line]
        if not grants:
            return _EMPTY
        return await incidents.freeze(world, who, id, grants, text)
    if do in STEPS:
        return await incidents.take(world, who, id, IncidentCommand(do), text)
    return Reason(code="REQ-INVALID", facts=(("problem", "do: no such step"),))


def _listed(
    request: web.Request, who: Caller | None, typed: MultiDict[str] | None = None, wrong: str | None = None
) -> web.Response:
    snapshot, now = request.app[BROKER].snapshots.current(), request.app[BROKER].world.clock.now()
    told = [
        {
            "dataset": row.dataset,
            "breach": row.breach,
            "reported": row.reported,
            "text": row.said(IncidentCommand.PUBLISH),
        }
        for row in incidents.published(snapshot)
    ]
    mine = incidents.listed(who, snapshot) if who is not None else ()
    stopping = [one.incident for one in mine if IncidentCommand.FREEZE in one.may][-_OFFERED:]
    at_stake = {one.id: incidents.at_stake(who, one, snapshot, now) for one in stopping} if who is not None else {}
    rows = [
        {
            "row": one.incident,
            "inside": bool(one.may - {IncidentCommand.SEE}),
            "grants": at_stake.get(one.incident.id, ()),
            "may": [step for step in STEPS if step in {command.value for command in one.may}],
        }
        for one in mine
    ]
    dataset = picked("dataset", source(request, who, "dataset"), typed or {})
    values: dict[str, Any] = {
        "dataset": dataset,
        "told": told,
        "rows": rows,
        "wrong": wrong,
        "typed": typed or {},
        "chosen": typed.getall("grants", ()) if typed is not None else (),
        "breaches": BREACHES,
    }
    return asking(page(request, who, "incidents.html", values, status=409 if wrong else 200))
