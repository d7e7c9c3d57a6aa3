"""The public pages about data: what there is, what it may be used for, and who decides."""

from typing import Any

from aiohttp import web

from broker.core.duo.vocabulary import ENTRIES, TermKind
from broker.core.ids import DatasetId
from broker.core.rows import Committee, Dataset
from broker.core.snapshot import Snapshot
from broker.flows.request_access import may_know
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.pages.here import page, visitor
from broker.web.state import BROKER

PAGE_SIZE = 25
_MOST_WORDS = 8
_LONGEST = 200
_MOST_TEXTS = 250_000
_TEXTS: dict[DatasetId, tuple[Dataset, str]] = {}
"""By dataset: the row, and its text as it is searched in."""


async def home(_: web.Request) -> web.StreamResponse:
    """GET /: to the data."""
    raise web.HTTPSeeOther("/datasets")


async def datasets(request: web.Request) -> web.Response:
    """GET /datasets: what there is, with search by words and by permitted use; hidden datasets are not there."""
    who, broker = await visitor(request), request.app[BROKER]
    words, code = _words(request.query.get("q", "")), request.query.get("code", "")
    start = _number(request.query.get("from", "0"))
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    fits = [row for row in snapshot.all(Dataset) if _fits(row, words, code)]
    listed = [
        row for row in fits if row.existence == "listed" or (who is not None and may_know(who, row.id, snapshot, now))
    ]
    shown = listed[start : start + PAGE_SIZE]
    values = {
        "q": request.query.get("q", "")[:_LONGEST],
        "code": code,
        "codes": [(entry.code, entry.label) for entry in ENTRIES.values() if entry.kind is TermKind.PERMISSION],
        "count": len(listed),
        "rows": [_row(row, snapshot) for row in shown],
        "following": start + PAGE_SIZE if len(listed) > start + PAGE_SIZE else None,
    }
    return page(request, who, "datasets.html", values)


async def dataset(request: web.Request) -> web.Response:
    """GET /dataset?id=…: one dataset."""
    who, broker = await visitor(request), request.app[BROKER]
    snapshot = broker.snapshots.current()
    row = snapshot.get(Dataset, DatasetId(request.query.get("id", "")))
    if row is None or not (row.existence == "listed" or _knows(who, row, snapshot, request)):
        raise Problem("REQ-NOT-FOUND")
    objects = snapshot.objects(row.id)
    values = {
        "row": _row(row, snapshot),
        "description": row.description,
        "months": row.grant_months,
        "terms": row.terms_of_use,
        "objects": len(objects),
        "size": sum(each.size for each in objects),
    }
    return page(request, who, "dataset.html", values)


def _knows(who: Caller | None, row: Dataset, snapshot: Snapshot, request: web.Request) -> bool:
    return who is not None and may_know(who, row.id, snapshot, request.app[BROKER].world.clock.now())


def _words(text: str) -> list[str]:
    return text[:_LONGEST].casefold().split()[:_MOST_WORDS]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 (pages enough)


def _fits(row: Dataset, words: list[str], code: str) -> bool:
    if code and code not in {term.code for term in row.duo}:
        return False
    if not words:
        return True
    text = _text(row)
    for word in words:  # noqa: SIM110 (a hundred thousand generators take as long as all else)
        if word not in text:
            return False
    return True


def _text(row: Dataset) -> str:
    """What is searched in: folded once for each version of a row, for there may be a hundred thousand."""
    kept = _TEXTS.get(row.id)
    if kept is not None and kept[0] is row:
        return kept[1]
    if len(_TEXTS) >= _MOST_TEXTS:
        _TEXTS.clear()
    text = f"{row.title} {row.description} {row.id}".casefold()
    _TEXTS[row.id] = (row, text)
    return text


def _row(row: Dataset, snapshot: Snapshot) -> dict[str, Any]:
    committee = snapshot.get(Committee, row.committee)
    return {
        "id": row.id,
        "title": row.title,
        "access": row.access,
        "codes": [
            {
                "code": term.code,
                "label": ENTRIES[term.code].label if term.code in ENTRIES else term.code,
                "with": sorted({*term.diseases, *term.regions, *term.projects, *term.institutions}),
            }
            for term in row.duo
        ],
        "committee": committee,
    }
