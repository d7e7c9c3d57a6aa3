"""A caller asks for regions of a file of reads or variants (htsget): judged, recorded, answered with a ticket.

One decision and one entry for each request. Where the regions lie is looked for only on behalf of who may have the
file, so that nobody learns by the answer or its time what is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.decision import Decision
from broker.core.drs.identifiers import is_object_id
from broker.core.htsget.bgzf import VirtualRange
from broker.core.htsget.layout import Format
from broker.core.htsget.plan import Plan
from broker.core.htsget.request import FORMATS, Asked, DataType
from broker.core.ids import ObjectId, SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Dataset, DrsObject, Repository
from broker.flows.deliver import Opened, Shown, open_delivery, repository_of, show
from broker.flows.recipients import to_read_sealed
from broker.flows.sealed_regions import FORM as SEALED
from broker.flows.use_data import (
    Judged,
    Part,
    Refused,
    Ticket,
    answered,
    judged,
    note_waiting,
    remember_waiting,
    waiting,
)
from broker.flows.world import Caller, World
from broker.ports.regions import Regions


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTicket:
    """A ticket for parts of an object, and what a client has to join. `plan`: None where all of it comes encrypted."""

    ticket: Ticket
    plan: Plan | None
    format: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A filtered delivery that is on record and may start."""

    opened: Opened
    repository: Repository
    cuts: tuple[VirtualRange, ...]
    left_out: frozenset[str]
    """The columns that are taken out."""


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
    reader = await _reader(w, caller, row, asked)
    if isinstance(reader, Reason):
        return reader
    caller = reader
    # 2. Decide. A refusal is recorded before it is told; only who may have the file hears more of it.
    first = _judged(w, caller, object, row)
    if row is None or not first.decision.permits:
        refused = await answered(w, caller, first)
        return refused if not isinstance(refused, Ticket) else Reason(code="REQ-NOT-FOUND")
    if isinstance(asked, Reason):
        return asked
    if asked.format != row.format:
        return Reason(code="REQ-FORMAT", facts=(("formats", str(row.format)),))
    repository = repository_of(row, first.snapshot)
    if repository is None:
        return Reason(code="REQ-NOT-FOUND")
    late = waiting(first)
    if late is not None:
        await remember_waiting(w, await note_waiting(w, caller, first))
        return Reason(code="SRV-STAGING", facts=(("seconds", str(late.seconds)),))
    found = await _planned(regions, repository, row, asked, first)
    if isinstance(found, Reason):
        return found
    # 3. Record, by the picture of now: reading took its time. 4. Hand out.
    again = _judged(w, caller, object, row)
    if again.decision.permits and _form(again) != _form(first):  # somebody was left out meanwhile: begin again
        return await ask_for_regions(w, regions, caller, object, kind, asked)
    plan, part = found
    answer = await answered(w, caller, again, part)
    return RegionTicket(ticket=answer, plan=plan, format=asked.format) if isinstance(answer, Ticket) else answer


async def open_filtered(w: World, access_id: str, object: ObjectId) -> Filtered | Refused | Reason:
    """The records that a ticket gives in filtered form are about to leave.

    Steps: 1 gather, 2 decide again with today's picture, 3 record before the first byte, 4 hand over.
    """
    # 1. Gather. 2. Decide.
    shown = await show(w, access_id, object)
    if not isinstance(shown, Shown):
        return shown
    if shown.access.left_out is None:
        return Reason(code="AUTH-TICKET-INVALID")
    # 3. Record.
    opened = await open_delivery(w, access_id, object, (), "filtered")
    if not isinstance(opened, Opened):
        return opened
    # 4. Hand over.
    return Filtered(
        opened=opened,
        repository=shown.repository,
        cuts=tuple(VirtualRange(*cut) for cut in opened.access.cuts),
        left_out=columns_of(opened.object, shown.judged.decision),
    )


def columns_of(row: DrsObject, decision: Decision) -> frozenset[str]:
    """The columns of the participants who are left out."""
    return frozenset(name for name, whose in row.samples.items() if whose in decision.excluded)


async def _reader(w: World, caller: Caller, row: DrsObject | None, asked: Asked | Reason) -> Caller | Reason:
    """Who asks: with their key, if they want it encrypted, or if it leaves in no other way.

    Who has no key and did not ask for that is judged without one, so that nobody learns by it what is there.
    """
    if isinstance(asked, Asked) and asked.sealed:
        return await to_read_sealed(w, caller)
    dataset = w.snapshots.current().get(Dataset, row.dataset) if row is not None else None
    if row is None or row.envelope is None or dataset is None or dataset.plaintext:
        return caller
    found = await to_read_sealed(w, caller)
    return caller if isinstance(found, Reason) else found


def _judged(w: World, caller: Caller, object: ObjectId, row: DrsObject | None) -> Judged:
    """The whole file if it may be had; else without those who must be left out, where they can be taken out.

    Nobody is taken out of what leaves encrypted.
    """
    whole = judged(w, caller, object, row)
    if row is None or not row.samples or whole.decision.permits or caller.recipient is not None:
        return whole
    filtered = judged(w, caller, object, row, filtered=True)
    return filtered if filtered.decision.permits and filtered.decision.excluded else whole


def _form(found: Judged) -> tuple[bool, frozenset[SubjectRef]]:
    return found.question.filtered, found.decision.excluded


async def _planned(
    regions: Regions, repository: Repository, row: DrsObject, asked: Asked, found: Judged
) -> tuple[Plan | None, Part] | Reason:
    """What a client has to join, and what of it the ticket is for."""
    if found.question.sealed:
        found_at = await regions.cuts(repository, row, asked)
        if isinstance(found_at, Reason):
            return found_at
        return None, Part(ranges=(), cuts=_pairs(found_at), form=SEALED)
    if not found.question.filtered:
        plan = await regions.plan(repository, row, asked)
        return plan if isinstance(plan, Reason) else (plan, Part(ranges=plan.ranges, inline=plan.inline))
    cut = await regions.plan_filtered(repository, row, asked, columns_of(row, found.decision))
    if isinstance(cut, Reason):
        return cut
    plan, ranges = cut
    return plan, Part(ranges=(), inline=plan.inline, cuts=_pairs(ranges), form="filtered")


def _pairs(ranges: Iterable[VirtualRange]) -> tuple[tuple[int, int], ...]:
    return tuple((one.first, one.end) for one in ranges)


def _served(row: DrsObject | None, kind: DataType) -> DrsObject | None:
    """The object, if it can be asked for here; anything else is as if it were not there."""
    return row if row is not None and row.format in FORMATS[kind] else None
