"""A researcher's own page: visas in plain words and raw, what is remembered, devices, tasks, downloads, refusals.

And the page of one decision: the same explanation as over the API, as sentences, with what to do now.
"""

import json
from typing import Any

from aiohttp import web

from broker.core.audit.entry import decode, pseudonym
from broker.core.audit.proof import format_proof
from broker.core.ids import ClientId, DecisionId, ReceiptId
from broker.core.oidc.errors import OAuthError
from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.core.rows import Client, Session, Trace
from broker.flows.my_access import downloads, refusals, remembered
from broker.flows.oauth.authorize import forget
from broker.flows.oauth.installations import connected, disconnect
from broker.flows.oauth.tasks import end_task, tasks_of
from broker.flows.tell_decision import tell_decision
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.recorded import entry_shown
from broker.web.pages.render import scripted
from broker.web.releasing import described
from broker.web.state import BROKER


async def home(request: web.Request) -> web.Response:
    """GET /me: all that one holds here."""
    return await _home(request, await signed_in(request))


async def acted(request: web.Request) -> web.Response:
    """POST /me: be asked again by an application, remove a device, end a task."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request))
    oauth, id = request.app[BROKER].oauth, form.get("id", "")
    match form.get("do"):
        case "forget":
            done: Reason | OAuthError | None = await forget(oauth, who.person, ClientId(id))
        case "disconnect":
            done = await disconnect(oauth, who.person, id)
        case "end":
            done = await end_task(oauth, who.person, id)
        case _:
            raise Problem("REQ-INVALID", problem="do: no such step")
    if done is not None:
        facts = dict(done.facts) if isinstance(done, Reason) else {}
        return await _home(request, who, sentence(done.code, facts, language(request)))
    raise web.HTTPSeeOther("/me")


async def decision(request: web.Request) -> web.Response:
    """GET /decisions/{decision}: why, and what to do now; for everybody who may read it, in their view of it."""
    who, id = await signed_in(request), DecisionId(request.match_info["decision"])
    told = await tell_decision(request.app[BROKER].world, who, id, request.query.get("audience"), language(request))
    if isinstance(told, Reason):
        raise Problem.of(told)
    trace = await request.app[BROKER].world.rows.get(Trace, id)
    explained = told["explanation"] or {}
    audience = {"researcher": "researcher", "subject": "subject"}.get(told["audience"], "dac")
    values = {
        "told": told,
        "dataset": trace.body.get("question", {}).get("dataset") if trace is not None else None,
        "text": _text(explained, audience),
        "one": explained,
        "raw": json.dumps(explained, indent=1, ensure_ascii=False, sort_keys=True),
    }
    return page(request, who, "decision.html", values)


def _text(explained: dict[str, Any], audience: str) -> str:
    texts: dict[str, str] = explained.get("audience_texts", {})
    return texts.get(audience) or next(iter(texts.values()), "")


async def receipt(request: web.Request) -> web.Response:
    """GET /me/receipts/{receipt}: an entry of one's own with its proof, which the page itself checks by a script.

    Without a script: the proof, and the program that checks it. Somebody else's is not there.
    """
    who, broker = await signed_in(request), request.app[BROKER]
    id = ReceiptId(request.match_info["receipt"])
    kept = await broker.audit.entry(id)
    entry = decode(kept.body).entry if kept is not None else None
    if entry is None or entry.who != pseudonym(who.person.log_key, broker.world.issuer, who.person.id):
        raise Problem("REQ-NOT-FOUND")
    proof = await broker.audit.proof(id)
    values = {
        "entry": entry_shown(request, entry),
        "proof": format_proof(proof).decode() if proof is not None else None,
        "key": broker.administration.log_key,
    }
    return scripted(page(request, who, "me_receipt.html", values))


async def _home(request: web.Request, who: Caller, wrong: str | None = None) -> web.Response:
    broker = request.app[BROKER]
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    session = await broker.world.rows.get(Session, who.session or "")
    if session is None:
        raise Problem("REQ-FORM-EXPIRED")
    visas = await described(request, who.person, session)
    kept = [(one, snapshot.get(Client, one.client)) for one in await remembered(broker.world, who)]
    tasks = [(one, snapshot.get(Client, one.client)) for one in await tasks_of(broker.oauth, who.person, now)]
    values = {
        "wrong": wrong,
        "visas": [one | {"raw": json.dumps(one["visa"], indent=1, ensure_ascii=False)} for one in visas],
        "remembered": [{"id": one.client, "name": _name(row, one.client), "since": one.since} for one, row in kept],
        "devices": connected(broker.oauth, who.person.id),
        "tasks": [{"id": one.id, "name": _name(row, one.client), "ends": one.ends} for one, row in tasks],
        "downloads": await downloads(broker.world, who),
        "refusals": await refusals(broker.world, who, language(request)),
    }
    return page(request, who, "me.html", values, status=409 if wrong else 200)


def _name(row: Client | None, id: str) -> str:
    return row.name if row is not None else id
