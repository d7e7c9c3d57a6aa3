"""A repository reports what it handed over, so that downloads elsewhere are on the record too.

Each report names the answer of ours on which the repository acted. One that no such answer covers is recorded all the
same, as what it is: nobody gains anything by it, and somebody should look. Reported once; the same again changes
nothing, and something else under the same name is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.core.audit.entry import Value, loggable
from broker.core.authz.scope import Asker
from broker.core.ids import DecisionId, ObjectId
from broker.core.outcome import Outcome
from broker.core.rows import Person, Put, Trace, Usage
from broker.core.rows.repositories import usage_id
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds
from broker.flows.world import World
from broker.ports import StaleError

End = Literal["complete", "incomplete", "cut", "unknown"]
MOST = 100
"""Reports of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a repository says. `name`: its own, for this one download. `ended` is not before `started`."""

    name: str
    decision: str
    object: str
    started: Seconds
    ended: Seconds
    bytes: int
    end: End


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What became of it. `result`: recorded; recorded as `unexpected`; `known` before; or `conflict`: not recorded."""

    name: str
    result: Literal["recorded", "unexpected", "known", "conflict"]
    receipt: str | None = None
    why: str = ""


async def report(w: World, asker: Asker, said: Report) -> Reported:
    """Steps: 1 gather, 2 decide whether an answer of ours covers it, 3 record, 4 answer."""
    # 1. Gather.
    now, id = w.clock.now(), usage_id(asker.client, said.name)
    before = await w.rows.get(Usage, id)
    if before is not None:
        return _again(before, said)
    trace = await w.rows.get(Trace, said.decision)
    if trace is not None and trace.body.get("told_to") != asker.client:
        trace = None  # told to somebody else: for this repository there is none
    person = await w.rows.get(Person, trace.person) if trace is not None and trace.person is not None else None
    # 2. Decide.
    why = _uncovered(asker, said, trace, now, w.snapshots.current())
    # 3. Record.
    told: dict[str, Value] = {
        "client": asker.client,
        "report": said.name,
        "decision": said.decision,
        "object": said.object,
        "started": said.started,
        "ended": said.ended,
        "sent": said.bytes,
        "end": said.end,
    }
    kind = "usage.unexpected" if why else "usage.reported"
    entry = w.entry(kind, now, person, {**told, "why": why} if why else told)
    row = Usage(
        id=id,
        client=asker.client,
        decision=DecisionId(said.decision),
        object=ObjectId(said.object),
        started=said.started,
        ended=said.ended,
        bytes=said.bytes,
        end=said.end,
        covered=not why,
        why=why,
        reported=now,
        receipt=entry.id,
    )
    try:
        await w.ledger.record(entry, Put(row))
    except StaleError:  # the same report twice at once: the other one was recorded
        stored = await w.rows.get(Usage, id)
        return Reported(name=said.name, result="conflict") if stored is None else _again(stored, said)
    # 4. Answer.
    return Reported(name=said.name, result="unexpected" if why else "recorded", receipt=entry.id, why=why)


def _again(before: Usage, said: Report) -> Reported:
    same = (before.decision, before.object, before.started, before.ended, before.bytes, before.end) == (
        said.decision,
        said.object,
        said.started,
        said.ended,
        said.bytes,
        said.end,
    )
    return Reported(name=said.name, result="known" if same else "conflict", receipt=before.receipt if same else None)


def _uncovered(asker: Asker, said: Report, trace: Trace | None, now: Seconds, snapshot: Snapshot) -> str:
    """In what no answer of ours covers the report; empty: one does."""
    row = asker.object(ObjectId(said.object), snapshot)
    if row is None:
        return "object"
    if trace is None:
        return "decision"
    asked: Mapping[str, Any] = trace.body.get("question", {})
    answered: Mapping[str, Any] = trace.body.get("decision", {})
    if not Outcome(answered["outcome"]).permits:
        return "refused"
    if asked.get("object", row.id) != row.id or asked.get("dataset") != row.dataset:
        return "object"
    if not trace.at <= said.started < answered.get("until", FOREVER) or said.ended > now:
        return "time"
    return "bytes" if said.bytes > row.size else ""


def fits(said: Report) -> bool:
    """Can it be a report at all?"""
    return said.started <= said.ended and said.name == loggable(said.name)
