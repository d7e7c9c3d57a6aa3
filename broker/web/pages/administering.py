"""Pages of administration: visa issuers, clients and identity providers, and the log with its proofs.

What may be done by whom is asked of the same flows as over the API; no page has a rule of its own. What lets somebody
in, or cannot be taken back, takes a sign-in of the last minutes; what stops somebody takes none.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from aiohttp import web
from multidict import MultiDict

from broker.core.administration import SORTS, Managed, Noun, Sort, has_name, may_read, ref, shown
from broker.core.audit.kinds import KINDS, grouped
from broker.core.outcome import Reason
from broker.core.passport.health import AddressHealth, IssuerReport
from broker.core.passport.keys import THUMBPRINT
from broker.core.plain import plain
from broker.core.provider_health import ProviderHealth
from broker.core.reasons.language import Tongue
from broker.core.rows import Client, IdentityProvider, Moves, Revocation, VisaIssuer
from broker.core.rows.moves import Move, Verb, moves_id
from broker.core.rows.revocation import revocation_id
from broker.flows import look_at_keys, propose_packs, sanctions
from broker.flows.administer import OPERATOR_ROLE, Actor, Step, forbidden, move
from broker.flows.inspect import Report, inspect
from broker.flows.issuer_keys import expel, refetch
from broker.flows.look_through_log import LONGEST, Wanted, look_through
from broker.flows.resting import resting
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.found import addresses_shown, declared_shown, found_shown
from broker.web.pages.here import page, signed_in
from broker.web.pages.recorded import entry_shown
from broker.web.pages.wording import worded
from broker.web.recent import recently
from broker.web.state import BROKER

FORM_BYTES = 256 * 1024
_LISTED = 200
_GROUND = 2_000
_VERBS: Mapping[str, Verb] = {verb: verb for verb in get_args(Verb)}


async def home(request: web.Request) -> web.Response:
    """GET /admin: what the visitor administers or may look at."""
    who, broker = await signed_in(request), request.app[BROKER]
    sorts = []
    for sort in SORTS.values():
        rows = [row async for row in broker.world.rows.scan(sort.kind) if may_read(who.roles, sort, row.id)]
        if rows or may_read(who.roles, sort, ""):
            sorts.append({
                "noun": sort.noun,
                "rows": [short(row) for row in rows[:_LISTED]],
                "more": max(0, len(rows) - _LISTED),
                "may_add": actor_of(who).may_write(sort, "*"),
            })  # fmt: skip
    punishes, audits = sanctions.may_read(actor_of(who)), who.has_role("auditor", "service")
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
    return await show_row(request, who, await readable(request, who))


async def acted(request: web.Request) -> web.Response:
    """POST /admin/{noun}/{name}: suspend, resume, remove, fetch keys, look at what it publishes, expel a key."""
    who = await signed_in(request)
    form = forms.own(request, await form_body(request, FORM_BYTES))
    found, do = await readable(request, who), form.get("do", "")
    if do in ("resume", "remove", "expel"):
        await recently(request, who)
    if do == "test":
        if not actor_of(who).may_write(sort_of(request), found.id):
            raise Problem.of(forbidden(sort_of(request)))
        broker = request.app[BROKER]
        report = await inspect(broker.world, broker.administration.tools, found)
        return await show_row(request, who, found, report=report)
    done = await _step(request, actor_of(who), found, form)
    if isinstance(done, Reason):
        return await show_row(request, who, found, wrong=told(done, request), typed=form)
    raise web.HTTPSeeOther(request.path)


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
        "entries": [(seq, entry_shown(request, one)) for seq, one in found.entries],
        "wanted": wanted,
        "groups": grouped(),
        "found": found,
    }
    return page(request, who, "admin_log.html", values)


def actor_of(who: Caller) -> Actor:
    """Who administers on these pages."""
    return Actor(person=who.person, roles=who.roles)


def sort_of(request: web.Request) -> Sort:
    """Which sort the path is about."""
    found = SORTS.get(cast("Noun", request.match_info["noun"]))
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return found


async def readable(request: web.Request, who: Caller) -> Managed:
    """The row that the path names; to others it looks the same whether it exists or not."""
    sort, name, rows = sort_of(request), request.match_info["name"], request.app[BROKER].world.rows
    async for found in rows.scan(sort.kind):
        if has_name(found, name) and may_read(who.roles, sort, found.id):
            return found
    if may_read(who.roles, sort, ""):
        raise Problem("REQ-NOT-FOUND")
    raise Problem.of(forbidden(sort))


def may_add(request: web.Request, who: Caller) -> None:
    """Only for who may register one of this sort."""
    if not actor_of(who).may_write(sort_of(request), "*"):
        raise Problem.of(forbidden(sort_of(request)))


async def _step(request: web.Request, actor: Actor, found: Managed, form: MultiDict[str]) -> object:
    broker, sort = request.app[BROKER], sort_of(request)
    world, mode = broker.world, broker.administration.mode
    if (verb := _VERBS.get(form.get("do", ""))) is not None:
        seen = form.get("seen", "")
        versions = frozenset({int(seen[:9])}) if seen.isdecimal() else frozenset[int]()
        step = Step(verb=verb, ground=form.get("ground", ""), expected=versions if verb == "remove" else None)
        return await move(world, actor, sort.noun, found.id, step, mode)
    match form.get("do"):
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


async def show_row(
    request: web.Request,
    who: Caller,
    found: Managed,
    *,
    wrong: str | None = None,
    report: Report | None = None,
    secret: str | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """The page of one row. `report`: what it publishes was just looked at; `secret`: one that was just made."""
    broker, sort, tongue = request.app[BROKER], sort_of(request), Tongue(language(request))
    declared = shown(found, broker.administration.forms.write(found))["declared"]
    may = actor_of(who).may_write(sort, found.id)
    running = [one.access for one in broker.streams.told()]
    moves = await broker.world.rows.get(Moves, moves_id(sort.word, found.id))
    values = {
        "one": short(found) | {"version": found.version},
        "noun": sort.noun,
        "declared": _pretty(declared),
        "facts": declared_shown(declared, tongue),
        "health": _health(request, found),
        "provider": _provider(request, found),
        "may": may,
        "rests": await resting(broker.world, found, running) if may and found.status == "active" else None,
        "moves": [_told_of(one, who, tongue, request) for one in reversed(moves.moves)] if moves is not None else [],
        "issuer": isinstance(found, VisaIssuer),
        "addresses": addresses_shown(_watched(request, found)),
        "expelled": _expelled(request, found),
        "typed": typed or {},
        "found": found_shown(report, tongue),
        "secret": secret,
        "wrong": wrong,
    }
    return page(request, who, "admin_row.html", values, status=409 if wrong else 200)


def _told_of(one: Move, who: Caller, tongue: Tongue, request: web.Request) -> dict[str, Any]:
    """A step that was taken, and by whom, as its reader says it: no name is looked up for it."""
    client = request.app[BROKER].snapshots.current().get(Client, one.client) if one.client is not None else None
    if one.by == who.person.id:
        by = tongue.word("together.you")
    elif one.role == OPERATOR_ROLE:
        by = tongue.word("packs.by_operator")
    else:
        by = client.name if client is not None else tongue.thing("role", one.role)
    return {"verb": one.verb, "at": one.at, "ground": one.ground, "by": by, "id": one.by or one.client}


def _health(request: web.Request, found: Managed) -> str:
    """How it is doing since this process began; empty where nothing is watched."""
    if isinstance(found, VisaIssuer):
        report = _reported(request, found)
        return _pretty(plain(report)) if report is not None else ""
    if isinstance(found, IdentityProvider):
        health = _provider(request, found)
        return _pretty(plain(health)) if health is not None else ""
    return ""


def _provider(request: web.Request, found: Managed) -> ProviderHealth | None:
    """How a home organisation is doing."""
    health = request.app[BROKER].idps.health([found]) if isinstance(found, IdentityProvider) else ()
    return health[0] if health else None


def _watched(request: web.Request, found: Managed) -> tuple[AddressHealth, ...]:
    """The addresses at which it has its keys, as they do."""
    report, provider = _reported(request, found), _provider(request, found)
    if report is not None:
        return report.addresses
    return (provider.keys,) if provider is not None and provider.keys is not None else ()


def _expelled(request: web.Request, found: Managed) -> Mapping[str, Revocation]:
    """Of the keys that it publishes, those that count for nothing any more: since when, and why."""
    snapshot = request.app[BROKER].snapshots.current()
    names = (key.thumbprint for one in _watched(request, found) for key in one.keys)
    rows = {name: snapshot.get(Revocation, revocation_id("key", name)) for name in names}
    return {name: row for name, row in rows.items() if row is not None}


def _reported(request: web.Request, found: Managed) -> IssuerReport | None:
    return next((one for one in request.app[BROKER].issuers.reports() if one.iss == found.id), None)


def short(found: Managed) -> dict[str, str]:
    """How a row is called on pages."""
    name = found.name if isinstance(found, Client | IdentityProvider) else found.id
    return {"id": found.id, "ref": ref(found.id), "name": name, "status": found.status}


def _pretty(told: object) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True, default=str) if told is not None else ""


def told(no: Reason, request: web.Request) -> str:
    """Why it was not done."""
    return worded(no, language(request))
