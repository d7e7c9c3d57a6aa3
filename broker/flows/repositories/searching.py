"""Who may use this, what may they use, and how? Of a repository's own data alone (AuthZEN 8).

Every candidate is judged like a question of its own, and what fits is recorded like an answer. Candidates come in
order of id; a page judges a bounded number of them, and says where the next one goes on.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest

from broker.core.audit.entry import Value
from broker.core.authz.asked import Action, Asked, Entity, Search
from broker.core.authz.scope import Asker
from broker.core.outcome import Reason
from broker.core.plain import digest
from broker.core.purpose import LADDER
from broker.core.rows import Grant
from broker.flows.repositories.answering import AllAtOnce
from broker.flows.repositories.before import Judged
from broker.flows.repositories.deciding import DATASET, OBJECT, Desk, Round, Unasked, judge, keep, target
from broker.flows.world import World

LOOKED = 500
"""Candidates that one page judges at most."""
_DIGEST = 16
_TURN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of results. `next`: the token of the next page; empty: this was the last."""

    results: tuple[str, ...]
    next: str


async def search(w: World, desk: Desk, asker: Asker, asked: Search, all_at_once: AllAtOnce) -> Found | Reason:
    """Steps: 1 gather the candidates, 2 judge each, 3 record, 4 tell. Who or what is unknown fits nothing."""
    # 1. Gather.
    after = _after(asked)
    if after is None:
        return Reason(code="REQ-INVALID", facts=(("problem", "page.token: not one that came with this search"),))
    candidates = await _candidates(w, asker, asked, after)
    # 2. Decide.
    round, fitting = Round(), list[tuple[str, Judged | Unasked]]()
    looked = 0
    for name in candidates[:LOOKED]:
        looked += 1
        found = await judge(w, desk, asker, _about(asked, name), round)
        if found.permits:
            fitting.append((name, found))
        if len(fitting) == asked.limit:
            break
        if looked % _TURN == 0:
            await w.clock.give_way()
    # 3. Record.
    said: dict[str, Value] = {"client": asker.client, "looked": looked, "found": len(fitting)}
    await w.ledger.record(w.entry("search.made", w.clock.now(), None, said))
    await all_at_once([keep(w, desk, one) for _, one in fitting])
    # 4. Tell.
    more = looked < len(candidates)
    return Found(results=tuple(name for name, _ in fitting), next=_token(asked, candidates[looked - 1]) if more else "")


async def _candidates(w: World, asker: Asker, asked: Search, after: str) -> Sequence[str]:
    """In order; one more than a page judges, so that it is known whether there is another one."""
    snapshot = w.snapshots.current()
    match asked.wanted:
        case "action":
            return [str(way) for way in LADDER if not after]
        case "resource":
            if asked.resource.type == DATASET:
                every = (str(row.id) for row in asker.datasets(snapshot))
            elif asked.resource.type == OBJECT:
                every = (str(one.id) for row in asker.datasets(snapshot) for one in snapshot.objects(row.id))
            else:
                return ()
        case "subject":
            dataset, _ = target(w, asker, asked.resource, snapshot)
            if asked.subject.type != "user" or dataset is None:
                return ()
            now = w.clock.now()
            held = [row async for row in w.rows.find(Grant, "dataset", dataset) if row.begins <= now < row.ends]
            every = (name for name in {str(row.person) for row in held})
    return nsmallest(LOOKED + 1, (name for name in every if name > after))


def _about(asked: Search, name: str) -> Asked:
    """The question about one candidate."""
    subject, action, resource = asked.subject, asked.action, asked.resource
    match asked.wanted:
        case "subject":
            subject = Entity(type="user", id=name)
        case "action":
            action = Action(name=name)
        case "resource":
            resource = replace(resource, id=name)
    return Asked(subject=subject, action=action, resource=resource, context=asked.context)


def _of(asked: Search) -> str:
    """What must be the same on every page (section 8.2.1)."""
    return digest([asked.wanted, asked.subject, asked.action, asked.resource, asked.context])[:_DIGEST]


def _token(asked: Search, last: str) -> str:
    return urlsafe_b64encode(f"{_of(asked)}{last}".encode()).decode()


def _after(asked: Search) -> str | None:
    """After which candidate to go on; None for a token of another search."""
    if asked.token == "":
        return ""
    try:
        text = b64decode(asked.token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:
        return None
    return text[_DIGEST:] if text[:_DIGEST] == _of(asked) else None
