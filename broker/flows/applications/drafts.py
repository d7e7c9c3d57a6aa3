"""Drafts: what somebody means to hand in. Seen by them alone, kept for some months, and given up if room runs short.

A draft is stored as it was typed: nothing is judged before it is handed in, so nothing that was typed is lost.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.ids import is_made_id
from broker.core.outcome import Reason
from broker.core.plain import digest
from broker.core.time import Seconds
from broker.flows.world import Caller, World

DRAFT_LIFE = 90 * 86_400
"""Seconds since it was saved last after which a draft is gone."""
MOST_DRAFTS = 20
"""Of one person: more would push out those of others."""
_PAGES = 20
"""Of one draft: the last pages on which it was written."""
DRAFT, _LIST = "draft", "drafts"
"""Their kinds in Scratch."""


async def save(
    w: World,
    caller: Caller,
    id: str | None,
    value: Mapping[str, Any],
    seen: frozenset[str] | None = None,
    page: str = "",
) -> str | Reason:
    """Keep `value` under `id`, or under a new id; the id. Steps: 1 gather, 2 decide, 3 keep.

    `seen`: the marks of what the writer had before them. Was it written over meanwhile, in another window, nothing is
    kept, and nothing lost: REQ-STALE. `page`: the id that the form was given, by which its address names it.
    """
    async with w.alone.at("drafts", caller.person.id):
        # 1. Gather.
        now = w.clock.now()
        mine = await listed(w, caller)
        # 2. Decide.
        if id is not None and id not in mine:
            return Reason(code="REQ-NOT-FOUND")
        there = await w.scratch.get(DRAFT, id, now) if id is not None else None
        if there is not None and seen is not None and mark_of(there["value"]) not in seen:
            return Reason(code="REQ-STALE")
        if id is None and len(mine) >= MOST_DRAFTS:
            return Reason(code="REQ-DRAFTS", facts=(("limit", str(MOST_DRAFTS)),))
        kept = id or w.new_id("dra", now)
        # 3. Keep: no entry, it gives nobody anything (ruling 27).
        ends = Seconds(now + DRAFT_LIFE)
        before = there.get("pages", ()) if there is not None else ()
        pages = [*(one for one in before if one != page), page][-_PAGES:] if is_made_id(page, "app") else [*before]
        about = {"saved": now, "owner": caller.person.id, "pages": pages}
        await w.scratch.put(DRAFT, kept, {"value": dict(value), **about}, ends)
        await w.scratch.put(_LIST, caller.person.id, {"drafts": [*(one for one in mine if one != kept), kept]}, ends)
        return kept


def mark_of(value: Mapping[str, Any]) -> str:
    """By which one text of a draft is told from another."""
    return digest(dict(value))[:32]


async def read(w: World, caller: Caller, id: str) -> Mapping[str, Any] | Reason:
    """A draft of the caller's: `value` and when it was `saved`."""
    found = await w.scratch.get(DRAFT, id, w.clock.now()) if id in await listed(w, caller) else None
    return found if found is not None else Reason(code="REQ-NOT-FOUND")


async def written_on(w: World, caller: Caller, page: str) -> str | None:
    """The newest draft of the caller's that was kept from this page; None: none was, or it is somebody else's."""
    for id in reversed(await listed(w, caller)):
        found = await w.scratch.get(DRAFT, id, w.clock.now())
        if found is not None and page in found.get("pages", ()):
            return id
    return None


async def delete(w: World, caller: Caller, id: str) -> None:
    """Give a draft up. Twice is once."""
    now = w.clock.now()
    mine = await listed(w, caller)
    if id in mine:
        await w.scratch.take(DRAFT, id, now)
        rest = {"drafts": [one for one in mine if one != id]}
        await w.scratch.put(_LIST, caller.person.id, rest, Seconds(now + DRAFT_LIFE))


async def listed(w: World, caller: Caller) -> tuple[str, ...]:
    """The ids of the caller's drafts, the one that was saved last at the end."""
    now = w.clock.now()
    found = await w.scratch.get(_LIST, caller.person.id, now)
    ids = tuple(found["drafts"]) if found is not None else ()
    there = [await w.scratch.get(DRAFT, id, now) for id in ids]
    return tuple(id for id, one in zip(ids, there, strict=True) if one is not None)
