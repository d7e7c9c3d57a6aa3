"""The public pages about data: what there is, what it may be used for, and who decides."""

from typing import Any

from aiohttp import web

from broker.core.duo.named import label
from broker.core.duo.ontology import named
from broker.core.grants import published
from broker.core.ids import DatasetId
from broker.core.jurisdiction.needs import may_apply
from broker.core.reasons.language import Tongue
from broker.core.rows import Committee, Dataset, Organisation, Repository
from broker.core.rows.reports import latest
from broker.core.safeguards import stigma_overdue
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, day_of, start_of
from broker.flows.request_access import is_participant, may_know
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages import searching
from broker.web.pages.citing import how_to_cite, shown_publications
from broker.web.pages.here import page, visitor
from broker.web.pages.render import asking
from broker.web.state import BROKER

PAGE_SIZE = 25
_PUBLISHED = 50
"""Publications that a page shows, the last that were entered first; the others follow, as many at a time."""


async def home(_: web.Request) -> web.StreamResponse:
    """GET /: to the data."""
    raise web.HTTPSeeOther("/datasets")


async def datasets(request: web.Request) -> web.Response:
    """GET /datasets: what there is, with search by words and by permitted use; hidden datasets are not there."""
    who, snapshot = await visitor(request), request.app[BROKER].snapshots.current()
    wanted, start, tongue = searching.asked(request), searching.place(request), Tongue(language(request))
    listed = searching.found(request, who, wanted)
    values = {
        "q": request.query.get("q", "")[: searching.LONGEST],
        "wanted": wanted,
        "choices": searching.choices(),
        "count": len(listed),
        "rows": [_row(row, snapshot, tongue) for row in listed[start : start + PAGE_SIZE]],
        "following": start + PAGE_SIZE if len(listed) > start + PAGE_SIZE else None,
    }
    return asking(page(request, who, "datasets.html", values))


async def dataset(request: web.Request) -> web.Response:
    """GET /dataset?id=…: one dataset: what it may be used for, who decides, by which rules, and how to name it."""
    who, broker = await visitor(request), request.app[BROKER]
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    row = snapshot.get(Dataset, DatasetId(request.query.get("id", "")))
    if row is None or not (row.existence == "listed" or _knows(who, row, snapshot, request)):
        raise Problem("REQ-NOT-FOUND")
    objects = snapshot.objects(row.id)
    repository = snapshot.get(Repository, row.repository)
    producer = snapshot.get(Organisation, row.producer)
    entered, start = latest(published(snapshot, row.id))[::-1], searching.place(request)
    values = {
        "row": _row(row, snapshot, Tongue(language(request))),
        "description": row.description,
        "months": row.grant_months,
        "terms": row.terms_of_use,
        "objects": len(objects),
        "size": sum(each.size for each in objects),
        "repository": repository.name if repository is not None else "",
        "producer": producer.name if producer is not None else row.producer,
        "responsible": row.safeguards.responsible,
        "governance": row.safeguards.governance,
        "stigma": _stigma(row, now),
        "cite": how_to_cite(row.id, snapshot),
        "published": shown_publications(row.id, entered[start : start + _PUBLISHED], snapshot),
        "entered": len(entered),
        "start": start,
        "following": start + _PUBLISHED if start + _PUBLISHED < len(entered) else None,
        "community": row.facts.get("data.community_governed") is True,
        "rules": may_apply(snapshot.rulebook, row.facts, now),
        "applies": who is None or is_participant(who) is None,
    }
    return page(request, who, "dataset.html", values)


def _stigma(row: Dataset, now: Seconds) -> dict[str, Any] | None:
    """The policy against stigma and discrimination; None: none is on record, which is told too."""
    policy = row.safeguards.stigma_policy
    if policy is None:
        return None
    return {
        "who": ", ".join(policy.co_authors),
        "on": start_of(policy.on),
        "review_on": start_of(policy.review_on),
        "late": stigma_overdue(row.safeguards, day_of(now)),
        "url": policy.url,
    }


def _knows(who: Caller | None, row: Dataset, snapshot: Snapshot, request: web.Request) -> bool:
    if who is None:
        return False
    return _answers_for(who, row) or may_know(who, row.id, snapshot, request.app[BROKER].world.clock.now())


def _answers_for(who: Caller, row: Dataset) -> bool:
    """Whoever has a role for it, or administers or audits the service, knows of it: they are reminded of its duties."""
    theirs = {f"dataset:{row.id}", f"committee:{row.committee}"}
    whole = any(who.has_role(role, "service") for role in ("admin", "auditor"))
    return whole or any(held.scope in theirs for held in who.roles)


def _row(row: Dataset, snapshot: Snapshot, tongue: Tongue) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "access": row.access,
        "codes": [
            {
                "code": term.code,
                "label": label(term.code, tongue),
                "with": [
                    *sorted(named(snapshot.ontology, one) for one in term.diseases),
                    *sorted(map(tongue.place, term.regions)),
                    *sorted({*term.projects, *term.institutions}),
                ],
            }
            for term in row.duo
        ],
        "committee": snapshot.get(Committee, row.committee),
    }
