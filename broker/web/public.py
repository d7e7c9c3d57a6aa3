"""What anybody may read over HTTP: the rules in force, and the register of projects."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from broker.core.jurisdiction.pack import Pack
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.plain import plain
from broker.core.time import rfc3339
from broker.flows.figures import volumes_told
from broker.flows.register import Place, Project, register
from broker.web.errors import Problem
from broker.web.state import BROKER

_PLACE = re.compile(r"([0-9]{1,6})-([0-9]{1,7})")


async def list_policies(request: web.Request) -> web.Response:
    """GET /policies: which packs of rules are in force now."""
    rules = request.app[BROKER].snapshots.current().rulebook
    return web.json_response(
        {"mode": rules.mode, "policies": [_in_short(one, rules) for one in in_force(request).values()]}
    )


async def get_policy(request: web.Request) -> web.Response:
    """GET /policies/{pack}: one of them, whole. `digest`: the SHA-256 of `rules` in canonical JSON (RFC 8785)."""
    rules, found = request.app[BROKER].snapshots.current().rulebook, one_in_force(request)
    return web.json_response({"digest": rules.digests[found.id], "rules": plain(found)})


async def get_register(request: web.Request) -> web.Response:
    """GET /register: the projects that were approved, what began last first. `next`: the `from` of the next page."""
    found, following = shown_register(request)
    shown = {"projects": [_project(one) for one in found], "next": following}
    return web.json_response(shown)


async def get_figures(request: web.Request) -> web.Response:
    """GET /figures: how access was given in the last year, by income group; what is too small to be told is null."""
    broker = request.app[BROKER]
    report = await broker.administration.figures.of_now(broker.world)
    income, seats = broker.administration.figures.income, await broker.administration.seats.of_today(broker.world)
    shown = {
        "from": rfc3339(report.since),
        "until": rfc3339(report.until),
        "applicants": [asdict(line) for line in report.applicants],
        "origins": [asdict(line) for line in report.origins],
        "refusals": dict(report.refusals),
        "counts": dict(report.counts),
        "complaints": asdict(report.complaints),
        "volumes": [
            {"year": one.year, "whole_gb": one.whole, "parts_gb": one.parts, "again_gb": one.again}
            for one in await volumes_told(broker.world)
        ],
        "representation": {
            "percent": seats.percent,
            "places": [
                {
                    "place": one.name.partition(":")[2],
                    "share": one.share,
                    "seats": one.seats,
                    "vacant": one.shown_vacant,
                }
                for one in seats.places
            ],
            "communities": seats.told_communities,
            "committees": [{"name": name, "seats": dict(found)} for name, found in seats.committees],
        },
        "income_groups": {"year": income.year, "source": income.source, "reviewed_by": income.reviewed_by or None},
    }
    return web.json_response(shown)


def in_force(request: web.Request) -> Mapping[str, Pack]:
    """The packs that decide now, as they were read, by id."""
    broker = request.app[BROKER]
    rules = broker.snapshots.current().rulebook
    return {one.id: rules.packs[one.id] for one in rules.at(broker.world.clock.now()).packs}


def one_in_force(request: web.Request) -> Pack:
    """The one that the address names; Problem: 404."""
    found = in_force(request).get(request.match_info["pack"])
    if found is None:
        raise Problem("REQ-NOT-FOUND")
    return found


def shown_register(request: web.Request) -> tuple[tuple[Project, ...], str | None]:
    """The part of the register that is asked for, and by which name to ask for the next."""
    broker, said = request.app[BROKER], _PLACE.fullmatch(request.query.get("from", ""))
    place = Place(int(said[1]), int(said[2])) if said is not None else None
    found, after = register(broker.snapshots.current(), broker.world.clock.now(), place)
    return found, f"{after.day}-{after.skip}" if after is not None else None


def _in_short(pack: Pack, rules: Rulebook) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "title": pack.title,
        "jurisdiction": pack.jurisdiction,
        "status": pack.status,
        "next_review_due": pack.review.next_review_due.isoformat(),
        "digest": rules.digests[pack.id],
    }


def _project(one: Project) -> dict[str, Any]:
    made: dict[str, Any] = plain(one)
    institutions = [{"title": title, "country": country or None} for title, country in one.institutions]
    return made | {"institutions": institutions, "begins": rfc3339(one.begins), "ends": rfc3339(one.ends)}
