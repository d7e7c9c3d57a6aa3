"""A caller asks for the bytes of many objects at once: each is judged, recorded and answered for itself.

Who asks is looked up once, and the records are written side by side; nothing is handed out before the last of them is
durable. An object that is named twice is asked about once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from broker.core.audit.entry import Entry
from broker.core.decision import use_each
from broker.core.decision.explain import left_out_of
from broker.core.drs.identifiers import is_object_id
from broker.core.ids import DatasetId, DecisionId, ObjectId
from broker.core.outcome import Reason
from broker.core.rows import Change, DrsObject
from broker.flows.traces import said_digest
from broker.flows.use_data import (
    Before,
    Judged,
    Refused,
    Ticket,
    Waiting,
    answered,
    dataset_of,
    is_hidden,
    note_waiting,
    question_of,
    remember_waiting,
    waiting,
    with_bytes,
)
from broker.flows.world import Caller, World

_AT_ONCE = 25
"""Objects that are judged before others get their turn."""

Answer = Ticket | Refused | Waiting | Reason


@dataclass(frozen=True, slots=True)
class _Collected:
    """Takes what is to be recorded, until all of it is."""

    records: list[tuple[Entry, Sequence[Change]]] = field(default_factory=list)

    async def record(self, entry: Entry, *changes: Change) -> int:
        self.records.append((entry, changes))
        return 0

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        self.records.extend(records)


@dataclass(slots=True)
class _Kept:
    """What is kept of this request by now. The question is: once whole, then beside it what is not the same."""

    first: Before | None = None
    refusals: dict[tuple[DatasetId, str], Before] = field(default_factory=dict)
    """By dataset and answer, where no participant is left out: what one is told of one object holds for the next."""

    def of(self, one: Judged) -> Before | None:
        """The decision beside which this one is kept; None: it is kept whole."""
        if one.decision.permits or is_hidden(one):  # nothing is explained: a hidden object and none alike
            return self.first
        return self.refusals.get(_alike(one))

    def add(self, one: Judged, id: DecisionId, answer: Ticket | Refused | Reason) -> None:
        """`one` is kept whole under `id`."""
        self.first = self.first or Before(id)
        if isinstance(answer, Refused) and not left_out_of(one.question, one.decision, one.snapshot):
            self.refusals[_alike(one)] = Before(id, answer.explanation)


def _alike(one: Judged) -> tuple[DatasetId, str]:
    return one.question.dataset, said_digest(one.decision)


async def ask_each(w: World, caller: Caller, objects: Sequence[ObjectId]) -> dict[ObjectId, Answer]:
    """May the caller download each of `objects`? Steps: 1 gather, 2 decide, 3 record, 4 hand out the tickets."""
    # 1. Gather: by one picture, as of one time.
    now, snapshot = w.clock.now(), w.snapshots.current()
    asked = list(dict.fromkeys(objects))
    rows = {id: with_bytes(snapshot.get(DrsObject, id)) for id in asked}
    named = [id for id in asked if rows[id] is not None or is_object_id(id)]
    # 2. Decide: each for itself, in turns with everybody else.
    collected, marks, kept, found = _Collected(), list[str | None](), _Kept(), dict[ObjectId, Answer]()
    collecting = replace(w, ledger=collected)
    question = question_of(caller, ObjectId(""), dataset_of(None), now)
    targets = [(dataset_of(rows[id]), id) for id in named]
    for id, (its, decision) in zip(named, use_each(question, targets, snapshot), strict=True):
        one = Judged(row=rows[id], question=its, decision=decision, snapshot=snapshot)
        late = waiting(one)
        if late is not None:
            marks.append(await note_waiting(collecting, caller, one))
            found[id] = late
        else:
            found[id] = await _answered(collecting, caller, one, kept, collected)
        if len(found) % _AT_ONCE == 0:
            await w.clock.give_way()
    # 3. Record: before anything is handed out.
    await w.ledger.record_each(collected.records)
    for mark in marks:
        await remember_waiting(w, mark)
    # 4. Hand out.
    return {id: found.get(id, Reason(code="REQ-NOT-FOUND")) for id in asked}


async def _answered(
    w: World, caller: Caller, one: Judged, kept: _Kept, collected: _Collected
) -> Ticket | Refused | Reason:
    before = kept.of(one)
    answer = await answered(w, caller, one, before=before)
    if before is None:
        kept.add(one, DecisionId(str(collected.records[-1][0].about["decision"])), answer)
    return answer
