"""Pages of findings about participants: where a researcher reports one, and the desk of those to whom it goes.

Nothing here is shown to a participant; what a clinic tells them is between them and the clinic.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from aiohttp import web
from multidict import MultiDict

from broker.core.access.grants import GrantCommand
from broker.core.access.results import ResultCommand
from broker.core.consent.returning import Actionable, Onset
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Dataset
from broker.core.rows.results import as_told
from broker.flows import results
from broker.flows.grants.desk import at_grant
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.wording import worded
from broker.web.state import BROKER

W = TypeVar("W", bound=str)
_FORM_BYTES = 128 * 1024
_ONSETS: tuple[Onset, ...] = get_args(Onset)
_ACTIONABLE: tuple[Actionable, ...] = get_args(Actionable)
_STEPS = ("validate", "forward", "allow", "close")


async def form(request: web.Request) -> web.Response:
    """GET /grants/{grant}/findings: report one, and what one reported."""
    return await _form(request, await signed_in(request))


async def reported(request: web.Request) -> web.Response:
    """POST /grants/{grant}/findings: take one in, or take one back; which, `do` says."""
    who = await signed_in(request)
    typed = forms.own(request, await form_body(request, _FORM_BYTES))
    world, grant = request.app[BROKER].world, GrantId(request.match_info["grant"])
    if typed.get("do") == "retract":
        done = await results.retract(world, who, typed.get("finding", ""))
    else:
        onset, actionable = _word(typed, "onset", _ONSETS), _word(typed, "actionable", _ACTIONABLE)
        found = results.Found(
            subject=typed.get("subject", ""), text=typed.get("text", ""),
            onset=onset or "unknown", actionable=actionable or "unknown",
        )  # fmt: skip
        done = await results.report(world, who, grant, found)
    if isinstance(done, Reason):
        return await _form(request, who, typed, done)
    raise web.HTTPSeeOther(f"/grants/{grant}/findings")


async def desk(request: web.Request) -> web.Response:
    """GET /findings: what waits for a custodian or an ethics committee, and what is over."""
    return await _desk(request, await signed_in(request))


async def acted(request: web.Request) -> web.Response:
    """POST /findings: the next step of one; which, `do` says."""
    who = await signed_in(request)
    typed = forms.own(request, await form_body(request, _FORM_BYTES))
    do, id = typed.get("do", ""), typed.get("finding", "")[:100]
    if do not in _STEPS:
        raise Problem("REQ-INVALID", problem="do: no such step")
    step = results.Step(
        command=ResultCommand(do), text=typed.get("text", ""), onset=_word(typed, "onset", _ONSETS),
        actionable=_word(typed, "actionable", _ACTIONABLE), approval=typed.get("approval", ""),
    )  # fmt: skip
    done = await results.take(request.app[BROKER].world, who, id, step)
    if isinstance(done, Reason):
        return await _desk(request, who, typed, done)
    raise web.HTTPSeeOther("/findings")


def _word(typed: Mapping[str, str], name: str, words: tuple[W, ...]) -> W | None:
    return next((each for each in words if each == typed.get(name)), None)


async def _form(
    request: web.Request, who: Caller, typed: MultiDict[str] | None = None, wrong: Reason | None = None
) -> web.Response:
    broker, id = request.app[BROKER], GrantId(request.match_info["grant"])
    snapshot = broker.snapshots.current()
    held = at_grant(who, id, GrantCommand.TELL, snapshot, broker.world.clock.now())
    if isinstance(held, Reason):
        raise Problem.of(held)
    dataset = snapshot.get(Dataset, held.grant.dataset)
    values = {
        "grant": id,
        "dataset": held.grant.dataset,
        "policy": dataset.safeguards.return_of_results if dataset is not None else None,
        "rows": [as_told(one) for one in await results.own(broker.world, who) if one.grant == id],
        "onsets": _ONSETS,
        "actionables": _ACTIONABLE,
    }
    return _page(request, who, "finding.html", values, typed, wrong)


async def _desk(
    request: web.Request, who: Caller, typed: MultiDict[str] | None = None, wrong: Reason | None = None
) -> web.Response:
    snapshot = request.app[BROKER].snapshots.current()
    rows = [_row(one, snapshot.get(Dataset, one.report.dataset)) for one in await _seen(request, who)]
    values = {"rows": rows, "onsets": _ONSETS, "actionables": _ACTIONABLE}
    return _page(request, who, "findings.html", values, typed, wrong)


async def _seen(request: web.Request, who: Caller) -> tuple[results.SeenResult, ...]:
    return await results.desk(request.app[BROKER].world, who)


def _row(one: results.SeenResult, dataset: Dataset | None) -> dict[str, Any]:
    return {
        "row": one.report,
        "title": dataset.title if dataset is not None else one.report.dataset,
        "policy": dataset.safeguards.return_of_results if dataset is not None else None,
        "text": one.text,
        "says": one.says,
        "stops": one.says.route == "close",
        "may": [step for step in _STEPS if step in {command.value for command in one.may}],
    }


def _page(
    request: web.Request,
    who: Caller,
    template: str,
    values: Mapping[str, Any],
    typed: MultiDict[str] | None,
    wrong: Reason | None,
) -> web.Response:
    told = worded(wrong, language(request)) if wrong is not None else None
    shown = {**values, "typed": typed or {}, "wrong": told}
    return page(request, who, template, shown, status=409 if wrong is not None else 200)
