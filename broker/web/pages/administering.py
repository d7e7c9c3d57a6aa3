"""Pages of administration: visa issuers, clients and identity providers, and the log with its proofs.

What may be done by whom is asked of the same flows as over the API; no page has a rule of its own. What lets somebody
in, or cannot be taken back, takes a sign-in of the last minutes; what stops somebody takes none.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web
from multidict import MultiDict

from broker.core import strict_json
from broker.core.administration import SORTS, Managed, Noun, Sort, has_name, makes_secret, may_read, ref, shown
from broker.core.audit.kinds import KINDS
from broker.core.outcome import Reason
from broker.core.passport.keys import THUMBPRINT
from broker.core.plain import plain
from broker.core.reasons import sentence
from broker.core.rows import Client, IdentityProvider, VisaIssuer
from broker.flows import look_at_keys, propose_packs, sanctions
from broker.flows.administer import Actor, forbidden, made_secret, move, register
from broker.flows.inspect import inspect
from broker.flows.issuer_keys import expel, refetch
from broker.flows.look_through_log import LONGEST, Wanted, look_through
from broker.flows.world import Caller
from broker.ports import FormError
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.here import page, signed_in
from broker.web.pages.recent import sign_in_again
from broker.web.state import BROKER

_FORM_BYTES = 256 * 1024
_LISTED = 200
_GROUND = 2_000


async def home(request: web.Request) -> web.Response:
    """GET /admin: what the visitor administers or may look at."""
    who, broker = await signed_in(request), request.app[BROKER]
    sorts = []
    for sort in SORTS.values():
        rows = [row async for row in broker.world.rows.scan(sort.kind) if may_read(who.roles, sort, row.id)]
        if rows or may_read(who.roles, sort, ""):
            sorts.append({
                "noun": sort.noun,
                "rows": [_short(row) for row in rows[:_LISTED]],
                "more": max(0, len(rows) - _LISTED),
                "may_add": _actor(who).may_write(sort, "*"),
            })  # fmt: skip
    punishes, audits = sanctions.may_read(_actor(who)), who.has_role("auditor", "service")
    if not sorts and not punishes and not audits:
        raise Problem("AUTH-NOT-YOURS", roles="admin, issuer_admin, legal_officer, auditor")
    values = {
        "sorts": sorts,
        "punishes": punishes,
        "audits": audits,
        "writes": propose_packs.may_read(who),
        "waiting": await propose_packs.waiting(broker.world, who),
        "runs": audits or who.has_role("admin", "service"),
        "keys": look_at_keys.may_read(who),
    }
    return page(request, who, "admin.html", values)


async def row(request: web.Request) -> web.Response:
    """GET /admin/{noun}/{name}: one row, how it is doing, and what can be done."""
    who = await signed_in(request)
    return await _row(request, who, await _readable(request, who))


async def acted(request: web.Request) -> web.Response:
    """POST /admin/{noun}/{name}: suspend, resume, remove, fetch keys, look at what it publishes, expel a key."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    found, do = await _readable(request, who), form.get("do", "")
    if do in ("resume", "remove", "expel") and (again := await sign_in_again(request, who)) is not None:
        return again
    if do == "test":
        if not _actor(who).may_write(_sort(request), found.id):
            raise Problem.of(forbidden(_sort(request)))
        broker = request.app[BROKER]
        report = (await inspect(broker.world, broker.administration.tools, found)).told()
        return await _row(request, who, found, report=report)
    done = await _step(request, _actor(who), found, form)
    if isinstance(done, Reason):
        return await _row(request, who, found, wrong=_said(done, request))
    raise web.HTTPSeeOther(request.path)


async def new(request: web.Request) -> web.Response:
    """GET /admin/{noun}: the form to add one."""
    who = await signed_in(request)
    _may_add(request, who)
    return _form(request, who, "")


async def added(request: web.Request) -> web.Response:
    """POST /admin/{noun}: look at what it publishes, or add it."""
    who, broker, sort = await signed_in(request), request.app[BROKER], _sort(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    _may_add(request, who)
    typed = form.get("row", "")
    try:
        said = strict_json.loads(typed.encode(), _FORM_BYTES)
        secret, stored = made_secret(broker.world) if makes_secret(sort, said) else (None, None)
        made = broker.administration.forms.read(sort.kind, said, secret=stored)
    except FormError as wrong:
        return _form(request, who, typed, wrong="; ".join(f"{field}: {problem}" for field, problem in wrong.faults))
    except (ValueError, TypeError, AttributeError) as wrong:
        return _form(request, who, typed, wrong=str(wrong))
    if form.get("do") == "test":
        report = (await inspect(broker.world, broker.administration.tools, made)).told()
        return _form(request, who, typed, report=report)
    if (again := await sign_in_again(request, who)) is not None:
        return again
    done = await register(broker.world, _actor(who), sort.noun, made, broker.administration.mode)
    if isinstance(done, Reason):
        return _form(request, who, typed, wrong=_said(done, request))
    return await _row(request, who, done, secret=secret)


async def log(request: web.Request) -> web.Response:
    """GET /admin/log: the newest entries, by kind and by an id if one is named, each with its proof; for auditors."""
    who, broker = await signed_in(request), request.app[BROKER]
    if not who.has_role("auditor", "service"):
        raise Problem("AUTH-NOT-YOURS", roles="auditor")
    said = request.query.get("before", "")
    before = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None  # noqa: PLR2004 (no log is longer)
    kind, id = request.query.get("kind", ""), request.query.get("id", "").strip()[:LONGEST]
    wanted = Wanted(kind=kind if kind in KINDS else "", id=id)
    found = await look_through(broker.audit, wanted, before)
    values = {
        "entries": [(seq, one, json.dumps(dict(one.about))) for seq, one in found.entries],
        "wanted": wanted,
        "kinds": sorted(KINDS),
        "found": found,
    }
    return page(request, who, "admin_log.html", values)


def _actor(who: Caller) -> Actor:
    return Actor(person=who.person, roles=who.roles)


def _sort(request: web.Request) -> Sort:
    found = SORTS.get(cast("Noun", request.match_info["noun"]))
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return found


async def _readable(request: web.Request, who: Caller) -> Managed:
    """The row that the path names; to others it looks the same whether it exists or not."""
    sort, name, rows = _sort(request), request.match_info["name"], request.app[BROKER].world.rows
    async for found in rows.scan(sort.kind):
        if has_name(found, name) and may_read(who.roles, sort, found.id):
            return found
    if may_read(who.roles, sort, ""):
        raise Problem("REQ-NOT-FOUND")
    raise Problem.of(forbidden(sort))


def _may_add(request: web.Request, who: Caller) -> None:
    if not _actor(who).may_write(_sort(request), "*"):
        raise Problem.of(forbidden(_sort(request)))


async def _step(request: web.Request, actor: Actor, found: Managed, form: MultiDict[str]) -> object:
    broker, sort = request.app[BROKER], _sort(request)
    world, mode = broker.world, broker.administration.mode
    match form.get("do"):
        case "suspend":
            return await move(world, actor, sort.noun, found.id, "suspend", None, mode)
        case "resume":
            return await move(world, actor, sort.noun, found.id, "resume", None, mode)
        case "remove":
            seen = form.get("seen", "")
            versions = frozenset({int(seen[:9])}) if seen.isdecimal() else frozenset[int]()
            return await move(world, actor, sort.noun, found.id, "remove", versions, mode)
        case "refresh" if isinstance(found, VisaIssuer):
            return await refetch(world, actor, broker.issuers, found.id)
        case "expel" if isinstance(found, VisaIssuer):
            return await _expel(request, actor, found, form)
        case _:
            return Reason(code="REQ-INVALID", facts=(("problem", "do: no such step"),))


async def _expel(request: web.Request, actor: Actor, found: VisaIssuer, form: MultiDict[str]) -> object:
    key, ground = form.get("key", "").strip(), form.get("ground", "").strip()
    if not re.fullmatch(THUMBPRINT, key) or not 0 < len(ground) <= _GROUND:
        return Reason(code="REQ-INVALID", facts=(("problem", "key, ground: a thumbprint, and why"),))
    broker = request.app[BROKER]
    return await expel(broker.world, actor, broker.issuers, found.id, key, ground)


async def _row(
    request: web.Request,
    who: Caller,
    found: Managed,
    *,
    wrong: str | None = None,
    report: Mapping[str, Any] | None = None,
    secret: str | None = None,
) -> web.Response:
    broker, sort = request.app[BROKER], _sort(request)
    values = {
        "one": _short(found) | {"version": found.version},
        "noun": sort.noun,
        "declared": _pretty(shown(found, broker.administration.forms.write(found))["declared"]),
        "health": _health(request, found),
        "may": _actor(who).may_write(sort, found.id),
        "issuer": isinstance(found, VisaIssuer),
        "report": report,
        "raw": _pretty(report),
        "secret": secret,
        "wrong": wrong,
    }
    return page(request, who, "admin_row.html", values, status=409 if wrong else 200)


def _health(request: web.Request, found: Managed) -> str:
    """How it is doing since this process began; empty where nothing is watched."""
    broker = request.app[BROKER]
    if isinstance(found, VisaIssuer):
        told = next((one for one in broker.issuers.reports() if one.iss == found.id), None)
        return _pretty(plain(told)) if told is not None else ""
    if isinstance(found, IdentityProvider):
        health = broker.idps.health([found])
        return _pretty(plain(health[0])) if health else ""
    return ""


def _form(
    request: web.Request,
    who: Caller,
    typed: str,
    *,
    wrong: str | None = None,
    report: Mapping[str, Any] | None = None,
) -> web.Response:
    values = {
        "noun": _sort(request).noun, "typed": typed, "wrong": wrong, "report": report, "raw": _pretty(report),
    }  # fmt: skip
    return page(request, who, "admin_new.html", values, status=400 if wrong else 200)


def _short(found: Managed) -> dict[str, str]:
    name = found.name if isinstance(found, Client | IdentityProvider) else found.id
    return {"id": found.id, "ref": ref(found.id), "name": name, "status": found.status}


def _pretty(told: object) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True, default=str) if told is not None else ""


def _said(no: Reason, request: web.Request) -> str:
    return sentence(no.code, dict(no.facts), language(request))
