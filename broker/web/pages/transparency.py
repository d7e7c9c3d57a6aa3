"""Public pages of the rules in force, made from the very packs that decide, and of the projects that use the data."""

from aiohttp import web

from broker.core.jurisdiction.pack import Pack
from broker.core.reasons import REASONS
from broker.core.reasons.language import Tongue
from broker.core.time import day_of
from broker.web.languages import language
from broker.web.pages.here import page, visitor
from broker.web.public import in_force, one_in_force, shown_register
from broker.web.state import BROKER


async def policies(request: web.Request) -> web.Response:
    """GET /policies: which packs of rules are in force now."""
    packs = list(in_force(request).values())
    return page(request, await visitor(request), "policies.html", {"packs": packs})


async def policy(request: web.Request) -> web.Response:
    """GET /policies/{pack}: its rules in order, each with what it rests on and what it is for."""
    pack = one_in_force(request)
    broker = request.app[BROKER]
    day = day_of(broker.world.clock.now())
    values = {
        "pack": pack,
        "digest": broker.snapshots.current().rulebook.digests[pack.id],
        "says": _says(pack, Tongue(language(request))),
        "lists": {name: ", ".join(sorted(one.members(day))) for name, one in sorted(pack.lists.items())},
    }
    return page(request, await visitor(request), "policy.html", values)


async def register_page(request: web.Request) -> web.Response:
    """GET /register: the projects that were approved, what began last first."""
    found, following = shown_register(request)
    return page(request, await visitor(request), "register.html", {"rows": found, "following": following})


def _says(pack: Pack, tongue: Tongue) -> dict[str, str]:
    """The committee's sentence of each reason that a rule gives: it has no facts of a case in it."""
    codes = [*(rule.reason for rule in pack.rules), pack.default_reason]
    return {code: tongue.template(REASONS[code], "dac") for code in codes}
