"""What a community's authority sees and says, over the API (/communities)."""

from datetime import date
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from broker.core.consent.decisions import Said
from broker.core.consent.model import CommunityWord
from broker.core.consent.writing import write_version
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.purpose import purpose_json
from broker.core.rows import ConsentRow
from broker.core.time import Seconds, rfc3339
from broker.flows.community import Asked, Community, communities, decide
from broker.web.bodies import Wire, json_body
from broker.web.callers import caller
from broker.web.errors import Problem
from broker.web.origins import origin_json
from broker.web.recent import recently
from broker.web.state import BROKER
from broker.web.versions import etag, expected


class WordBody(Wire):
    """Yes, no, or not decided. The conditions are those of a yes, all of them."""

    word: CommunityWord
    local_only: bool = False
    review_on: date | None = None
    benefit_terms: Annotated[str, Field(max_length=2_000)] = ""


async def mine(request: web.Request) -> web.Response:
    """GET /communities: those for which the caller speaks."""
    who, broker = await caller(request), request.app[BROKER]
    now = broker.world.clock.now()
    found = communities(who, broker.snapshots.current(), now)
    return web.json_response({"communities": [_community(one, now) for one in found]})


async def decided(request: web.Request) -> web.Response:
    """PUT /communities/decisions/{id}: the authority says something anew; it holds at once. If-Match: the version."""
    who, body = await caller(request), await json_body(request, WordBody)
    if body.word == "approved":
        await recently(request, who)
    said = Said(
        word=body.word, local_only=body.local_only, review_on=body.review_on, benefit_terms=body.benefit_terms.strip()
    )
    done = await decide(request.app[BROKER].world, who, request.match_info["record"], expected(request), said)
    if isinstance(done, Reason):
        raise Problem.of(done)
    return web.json_response(_decision(done), headers={"ETag": etag(done.consent.version)})


def _community(one: Community, now: Seconds) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "decisions": [[_decision(row) for row in chain] for chain in one.records],
        "datasets": [id for id, _ in one.datasets],
        "members": one.members,
        "requests": [_asked(each, f"community:{one.ref}", now) for each in one.asked],
        "waiting": one.waiting,
        "projects": [plain(each) for each in one.projects],
        "running": one.running,
    }


def _decision(row: ConsentRow) -> dict[str, Any]:
    told = write_version(row.consent)
    return {
        "id": row.consent.consent_id,
        "version": row.consent.version,
        "since": rfc3339(row.consent.effective_from),
        "status": row.consent.status,
        "here": row.by != "source",
        "datasets": sorted(row.datasets),
        "community": told.get("community"),
        "scope": told.get("scope", {}),
    }


def _asked(one: Asked, mine: str, now: Seconds) -> dict[str, Any]:
    return {
        "id": one.id,
        "dataset": one.title,
        "lay": one.lay,
        "benefit": one.benefit,
        "purpose": purpose_json(one.purpose),
        "since": rfc3339(one.since),
        "origin": origin_json(one.window, now, mine),
    }
