"""Public pages of the rules in force, made from the very packs that decide, and of the projects that use the data."""

from typing import Any

from aiohttp import web

from broker.core.equity import SMALL
from broker.core.jurisdiction.pack import Pack
from broker.core.plain import digest
from broker.core.reasons import REASONS, in_general
from broker.core.reasons.language import Tongue
from broker.core.time import day_of
from broker.flows.consultations import open_ones
from broker.flows.figures import volumes_told
from broker.flows.rule_history import pack_of, releases
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages.citing import shown_publications
from broker.web.pages.here import page, visitor
from broker.web.pages.render import render
from broker.web.public import in_force, one_in_force, shown_register
from broker.web.state import BROKER


async def policies(request: web.Request) -> web.Response:
    """GET /policies: which packs of rules are in force now."""
    values = {"packs": list(in_force(request).values()), "asked": await open_ones(request.app[BROKER].world)}
    return page(request, await visitor(request), "policies.html", values)


async def policy(request: web.Request) -> web.Response:
    """GET /policies/{pack}: its rules in order, each with what it rests on and what it is for."""
    return await _pack(request, one_in_force(request), then=None)


async def former(request: web.Request) -> web.Response:
    """GET /policies/{pack}/{version}: the rules as they stood in a version that was in force once."""
    id, version = request.match_info["pack"], request.match_info["version"]
    found = await pack_of(request.app[BROKER].world, id, version)
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return await _pack(request, found, then=version)


async def _pack(request: web.Request, pack: Pack, then: str | None) -> web.Response:
    broker = request.app[BROKER]
    day = day_of(broker.world.clock.now())
    made = await releases(broker.world, pack.id)
    values: dict[str, Any] = {
        "pack": pack,
        "then": then,
        "digest": digest(pack),
        "says": _says(pack, Tongue(language(request))),
        "lists": {name: one.members(day) for name, one in sorted(pack.lists.items())},
        "releases": made,
        "this": next((one for one in made if one.version == pack.version), None),
        "now": {one.id: one.version for one in in_force(request).values()}.get(pack.id),
    }
    return page(request, await visitor(request), "policy.html", values)


async def register_page(request: web.Request) -> web.Response:
    """GET /register: the projects that were approved, what began last first."""
    found, following = shown_register(request)
    snapshot = request.app[BROKER].snapshots.current()
    published = [shown_publications(one.dataset, one.publications, snapshot) for one in found]
    values = {"rows": found, "following": following, "published": published}
    return page(request, await visitor(request), "register.html", values)


async def register_feed(request: web.Request) -> web.Response:
    """GET /register.xml: the newest projects as RSS 2.0, for who follows them."""
    found, _ = shown_register(request)
    now, issuer = request.app[BROKER].world.clock.now(), request.app[BROKER].world.issuer
    response = render(request, "register.xml", rows=found, named=[digest(one) for one in found], made=now, home=issuer)
    response.content_type = "application/rss+xml"
    return response


async def figures(request: web.Request) -> web.Response:
    """GET /figures: how access was given in the last year; each chart with its table."""
    broker = request.app[BROKER]
    values = {
        "told": await broker.administration.figures.of_now(broker.world),
        "income": broker.administration.figures.income,
        "seats": await broker.administration.seats.of_today(broker.world),
        "small": SMALL,
        "volumes": await volumes_told(broker.world),
    }
    return page(request, await visitor(request), "figures.html", values)


def _says(pack: Pack, tongue: Tongue) -> dict[str, str]:
    """The committee's sentence of each reason that a rule gives; one that wants facts of a case is told in general."""
    codes = [*(rule.reason for rule in pack.rules), pack.default_reason]
    told = {code: tongue.template(REASONS[code], "dac") for code in codes}
    return {code: in_general(code, tongue.language) if "{" in text else text for code, text in told.items()}
