"""A caller asks for regions of a file of reads or variants (htsget): judged, recorded, answered with a ticket.

One decision and one entry for each request. Where the regions lie is looked for only on behalf of who may have the
file, so that nobody learns by the answer or its time what is there.
"""

from dataclasses import dataclass

from broker.core.drs.identifiers import is_object_id
from broker.core.htsget.layout import Format
from broker.core.htsget.plan import Plan
from broker.core.htsget.request import FORMATS, Asked, DataType
from broker.core.ids import ObjectId
from broker.core.outcome import Reason
from broker.core.rows import Dataset, DrsObject, Repository
from broker.core.snapshot import Snapshot
from broker.flows.use_data import Part, Refused, Ticket, answered, judged
from broker.flows.world import Caller, World
from broker.ports.regions import Regions


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTicket:
    """A ticket for parts of an object, and what a client has to join."""

    ticket: Ticket
    plan: Plan
    format: Format


async def ask_for_regions(
    w: World, regions: Regions, caller: Caller, object: ObjectId, kind: DataType, asked: Asked | Reason
) -> RegionTicket | Refused | Reason:
    """May the caller have these regions, and which bytes are they? `asked`: what is wrong with the request, perhaps.

    Steps: 1 gather, 2 decide, 3 record, 4 hand out. SourceBrokenError: file or index cannot be read.
    """
    # 1. Gather.
    if not is_object_id(object):
        return Reason(code="REQ-NOT-FOUND")
    row = _served(w.snapshots.current().get(DrsObject, object), kind)
    # 2. Decide. A refusal is recorded before it is told; only who may have the file hears more of it.
    first = judged(w, caller, object, row)
    if row is None or not first.decision.permits:
        refused = await answered(w, caller, first)
        return refused if not isinstance(refused, Ticket) else Reason(code="REQ-NOT-FOUND")
    if isinstance(asked, Reason):
        return asked
    if asked.format != row.format:
        return Reason(code="REQ-FORMAT", facts=(("formats", str(row.format)),))
    repository = _repository(row, first.snapshot)
    if repository is None:
        return Reason(code="REQ-NOT-FOUND")
    plan = await regions.plan(repository, row, asked)
    if isinstance(plan, Reason):
        return plan
    # 3. Record, by the picture of now: reading took its time. 4. Hand out.
    part = Part(ranges=plan.ranges, inline=plan.inline)
    answer = await answered(w, caller, judged(w, caller, object, row), part)
    return RegionTicket(ticket=answer, plan=plan, format=asked.format) if isinstance(answer, Ticket) else answer


def _served(row: DrsObject | None, kind: DataType) -> DrsObject | None:
    """The object, if it can be asked for here; anything else is as if it were not there."""
    return row if row is not None and row.format in FORMATS[kind] else None


def _repository(row: DrsObject, snapshot: Snapshot) -> Repository | None:
    dataset = snapshot.get(Dataset, row.dataset)
    return snapshot.get(Repository, dataset.repository) if dataset is not None else None
