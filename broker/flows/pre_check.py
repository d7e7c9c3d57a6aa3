"""What may I use for my purpose? One question about many datasets, for the catalogue (one entry for all of it).

Nothing is asked of anybody and no participant's record is touched: it is what `foresee` says to each dataset, without
the explanation, for which one asks about the one dataset.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from broker.core.audit.entry import Value
from broker.core.decision import Decision, foresee_each
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.ids import DatasetId, DecisionId
from broker.core.outcome import Outcome, Reason
from broker.core.purpose import Purpose
from broker.core.rows import Dataset
from broker.core.snapshot import Snapshot
from broker.flows.request_access import foresight_question, may_know
from broker.flows.traces import asked_of, kept
from broker.flows.world import Caller, World

MOST = 10_000
"""Datasets of one pre-check."""
_AT_ONCE = 250
"""Datasets that are decided about before others get their turn."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer about one dataset. `codes`: why, the strictest first; the same for everybody who asks so."""

    dataset: DatasetId
    outcome: Outcome
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreCheck:
    """The answers, in the order of the datasets. `example`: by packs that nobody reviewed."""

    id: DecisionId
    told: tuple[Told, ...]
    example: bool


async def pre_check(
    w: World, caller: Caller, purpose: Purpose, datasets: Sequence[DatasetId] | None = None
) -> PreCheck | Reason:
    """Judge the purpose against `datasets`; None: all that are listed. Steps: 1 gather, 2 decide, 3 record, 4 tell.

    A dataset that the caller may not know of is answered as one that does not exist.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    asked = listed(snapshot) if datasets is None else datasets
    if len(asked) > MOST:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a pre-check of more than {MOST} datasets"),))
    known = {id for id in asked if may_know(caller, id, snapshot, now)}
    # 2. Decide: by this one picture, in turns with everybody else.
    question = foresight_question(caller, DatasetId(""), purpose, now)
    there = [id for id in dict.fromkeys(asked) if id in known]
    found: dict[DatasetId, Told] = {}
    example = False
    for id_, decision in zip(there, foresee_each(question, there, snapshot), strict=True):
        found[id_] = told_of(id_, decision)
        example = example or EXAMPLE in decision.read
        if len(found) % _AT_ONCE == 0:
            await w.clock.give_way()
    told = tuple(found.get(id) or unknown(id) for id in asked)
    # 3. Record: one entry and one trace for all of them.
    id = DecisionId(w.new_id("dec", now))
    answers = answers_digest(told)
    body = asked_of(partial(w.names.hide, caller.person.log_key), question, snapshot) | {"answers": answers}
    if datasets is not None:
        body |= {"datasets": list(asked), "unknown": sorted({*asked} - known)}
    put = kept(id, question, body)
    about: dict[str, Value] = {"decision": id, "datasets": len(told), "answers": answers, "trace": put.digest}
    await w.ledger.record(w.entry("pre_check.made", now, caller.person, about), put)
    # 4. Tell.
    return PreCheck(id=id, told=told, example=example)


def listed(snapshot: Snapshot) -> list[DatasetId]:
    """All datasets of which anybody may know."""
    return [row.id for row in snapshot.all(Dataset) if row.existence == "listed"]


def told_of(dataset: DatasetId, decision: Decision) -> Told:
    """What is told of one dataset."""
    codes = dict.fromkeys(reason.code for gate in decision.telling for reason in gate.reasons)
    return Told(dataset, decision.outcome, tuple(codes))


def unknown(dataset: DatasetId) -> Told:
    """What is told of one of which the caller may not know."""
    return Told(dataset, Outcome.DENY, ("REQ-NOT-FOUND",))


def answers_digest(told: Iterable[Told]) -> str:
    """SHA-256 of the answers, a line each: dataset, outcome and codes, parted by tabs and commas."""
    said = hashlib.sha256()
    for one in told:
        said.update(f"{one.dataset}\t{one.outcome.name}\t{','.join(one.codes)}\n".encode())
    return said.hexdigest()
