"""What did somebody download, and why were they refused? For the person alone, from the ledger's rows; read only."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from broker.core.decision.explanation import views
from broker.core.ids import DecisionId
from broker.core.reasons.language import ENGLISH, Language
from broker.core.rows import Access, Approval, Dataset, Delivery, DrsObject, Trace
from broker.core.time import Seconds
from broker.flows.world import Caller, World

MOST_ACCESSES = 25
MOST_OF_ONE = 8
"""Deliveries of one access that are told: a download in many pieces is one thing to a person."""
MOST_DECISIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One permitted access, and what left for it. `receipts`: of its newest deliveries, each with its bytes."""

    title: str
    name: str
    decision: DecisionId
    at: Seconds
    grant: str | None
    deliveries: tuple[Delivery, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """One answer that was no yes, in words; `told` is the explanation (schemas/explanation.schema.json)."""

    id: DecisionId
    at: Seconds
    title: str
    told: dict[str, Any]


async def downloads(w: World, caller: Caller) -> tuple[Download, ...]:
    """The newest accesses of the caller with what was delivered; those without a delivery are left out."""
    snapshot, found = w.snapshots.current(), list[Download]()
    accesses = [one async for one in w.rows.newest(Access, "person", caller.person.id, MOST_ACCESSES)]
    deliveries: dict[str, list[Delivery]] = {one.id: [] for one in accesses}
    async for one in w.rows.newest_of(Delivery, "access", list(deliveries), MOST_OF_ONE + 1):
        deliveries[one.access].append(one)
    for access in accesses:
        sent = deliveries[access.id]
        if not sent:
            continue
        dataset, file = snapshot.get(Dataset, access.dataset), snapshot.get(DrsObject, access.object)
        made = Download(
            title=dataset.title if dataset is not None else access.dataset,
            name=file.name if file is not None else access.object,
            decision=access.decision,
            at=sent[0].started,
            grant=access.grant,
            deliveries=tuple(sent[:MOST_OF_ONE]),
            more=len(sent) > MOST_OF_ONE,
        )
        found.append(made)
    return tuple(found)


async def refusals(w: World, caller: Caller, language: Language = ENGLISH) -> tuple[No, ...]:
    """The newest answers to the caller that were no yes, of the newest decisions about one dataset."""
    return tuple([no async for no in _refusals(w, caller, language)])


async def _refusals(w: World, caller: Caller, language: Language) -> AsyncIterator[No]:
    snapshot = w.snapshots.current()
    async for trace in w.rows.newest(Trace, "person", caller.person.id, MOST_DECISIONS):
        if not views.of_one(trace.body) or views.permitted(trace.body):
            continue
        told = views.researcher(trace.id, trace.body, language)
        if told is None:
            continue
        dataset = snapshot.get(Dataset, trace.body["question"]["dataset"])
        known = dataset is not None and dataset.existence == "listed"
        title = dataset.title if dataset is not None and known else trace.body["question"]["dataset"]
        yield No(id=trace.id, at=trace.at, title=title, told=told)


async def remembered(w: World, caller: Caller) -> tuple[Approval, ...]:
    """The applications about which they asked not to be asked again."""
    found = [one async for one in w.rows.newest(Approval, "person", caller.person.id, 100)]
    return tuple(one for one in found if one.ended is None)
