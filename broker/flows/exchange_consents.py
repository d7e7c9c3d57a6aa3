"""Consent sources send records in, and take them out again: all of a file or nothing of it.

What was taken before stays as it is when a file is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.audit.entry import Value
from broker.core.consent.importing import OF_ANOTHER, Fault, Incoming, Plan, plan
from broker.core.consent.model import ConsentVersion, TemplateRecord
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Reason
from broker.core.plain import digest
from broker.core.rows import ConsentRow, ConsentTemplate, Dataset, Put
from broker.core.rows.consents import consent_row_id, template_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.administer import Actor
from broker.flows.world import World

SOURCE = "custodian"
"""The role of a consent source, in the scope `organisation:<custodian>`."""
AT_ONCE = 100_000
"""Versions of one import."""
_NOT_HERE = "datasets: one of them is not registered here, or not yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was taken: ids of the new versions, how many were there already, and which wait for a person to look."""

    new: tuple[str, ...]
    kept: int
    review: tuple[str, ...]


async def take_in(
    w: World, actor: Actor, incoming: Sequence[Incoming], datasets: Iterable[str] = (), *, write: bool = True
) -> Imported | Reason | tuple[Fault, ...]:
    """Put versions on record. Steps: 1 gather, 2 decide, 3 record all of it or nothing, 4 answer.

    `datasets`: where the data of those lie whose records do not say. `write` false: only say what would happen.
    Running downloads hear of it before this returns. StaleError: somebody changed one of the chains meanwhile.
    """
    # 1. Gather.
    snapshot, now = w.snapshots.current(), w.clock.now()
    # 2. Decide.
    if len(incoming) > AT_ONCE:
        return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"more than {AT_ONCE} versions"),))
    refused = _not_theirs(actor, incoming)
    if refused is not None:
        return refused
    if not actor.operator:
        groups = tuple(_for_operator(one) for one in incoming if one.version.level != "participant")
        if groups:
            return groups
    found = planned(snapshot, incoming, now)
    rows = [_row(one, snapshot, tuple(datasets)) for one in found.new]
    if not actor.operator:
        rows = _of_their_data(actor, snapshot, list(zip(found.new, rows, strict=True)))
    faults = [*found.faults, *(row for row in rows if isinstance(row, Fault))]
    if faults:
        return tuple(faults)
    puts = [Put(row) for row in rows if isinstance(row, ConsentRow)]
    # 3. Record.
    if puts and write:
        told: dict[str, Value] = {"consents": len(puts), "plan": digest([put.row for put in puts]), **actor.told()}
        await w.ledger.record(w.entry("consent.imported", now, actor.person, told), *puts)
    # 4. Answer.
    review = tuple(consent_row_id(one.version) for one in found.new if one.review is not None)
    return Imported(new=tuple(put.row.id for put in puts), kept=len(found.kept), review=review)


def planned(
    snapshot: Snapshot, incoming: Iterable[Incoming], now: Seconds, declared: Iterable[ConsentTemplate] = ()
) -> Plan:
    """What would become of `incoming` in this picture, with the forms that are `declared` beside them."""
    beside = {row.id: row for row in declared}

    def history(consent_id: str) -> list[ConsentVersion]:
        return [row.consent for row in snapshot.chain(consent_id)]

    def templates(id: str, version: str) -> TemplateRecord | None:
        row = beside.get(template_id(id, version)) or snapshot.get(ConsentTemplate, template_id(id, version))
        return row.record if row is not None else None

    def custodians(subject: SubjectRef) -> set[str]:
        return {row.consent.custodian for row in snapshot.about(subject)}

    return plan(incoming, history, templates, custodians, now)


async def take_out(w: World, actor: Actor, custodian: str | None) -> tuple[ConsentRow, ...] | Reason:
    """Every version on record of one custodian, or of all of them (None), chain by chain.

    Steps: 1 gather, 2 decide, 3 record that they were taken out, 4 hand them out.
    """
    # 1. Gather. 2. Decide.
    if not may(actor, custodian):
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", SOURCE),))
    rows = [row async for row in w.rows.scan(ConsentRow) if custodian in (None, row.consent.custodian)]
    found = tuple(sorted(rows, key=lambda row: (row.consent.consent_id, row.consent.version)))
    # 3. Record.
    told: dict[str, Value] = {"consents": len(found), "custodian": custodian or "", **actor.told()}
    await w.ledger.record(w.entry("consent.exported", w.clock.now(), actor.person, told))
    # 4. Hand out.
    return found


def _not_theirs(actor: Actor, incoming: Iterable[Incoming]) -> Reason | None:
    """A source speaks for its own participants; one that writes another's name, or none, is not believed."""
    whose = {one.version.custodian or None for one in incoming} or {None}
    if all(may(actor, custodian) for custodian in whose):
        return None
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", SOURCE),))


def may(actor: Actor, custodian: str | None) -> bool:
    """May they read what this consent source put on record (None: what any did)?"""
    scopes = {"service"} if custodian is None else {"service", f"organisation:{custodian}"}
    return actor.operator or any(role.role == SOURCE and role.scope in scopes for role in actor.roles)


def _for_operator(one: Incoming) -> Fault:
    return Fault(one.place, "level: what a family or a community decided is put on record by the operator alone")


def _of_their_data(
    actor: Actor, snapshot: Snapshot, read: Sequence[tuple[Incoming, ConsentRow | Fault]]
) -> list[ConsentRow | Fault]:
    """The rows; a fault for each that is about data which are not the source's. Unknown and hidden data answer alike.

    Theirs are the data of which they are custodian, or which their organisation produced.
    """
    elsewhere: dict[str, tuple[set[DatasetId], frozenset[SubjectRef]]] = {}  # by custodian: others' data, and of whom
    found: list[ConsentRow | Fault] = []
    for one, row in read:
        if isinstance(row, Fault):
            found.append(row)
            continue
        custodian = one.version.custodian
        if custodian not in elsewhere:
            ids = {each.id for each in snapshot.all(Dataset) if not _holds(actor, custodian, each)}
            elsewhere[custodian] = ids, frozenset().union(*map(snapshot.subjects, ids))
        others, subjects = elsewhere[custodian]
        if row.datasets & others:
            found.append(Fault(one.place, _NOT_HERE))
        elif one.version.subject_ref in subjects:
            found.append(Fault(one.place, OF_ANOTHER))
        else:
            found.append(row)
    return found


def _holds(actor: Actor, custodian: str, dataset: Dataset) -> bool:
    scopes = {"service", f"dataset:{dataset.id}"}
    given = any(role.role == SOURCE and role.scope in scopes for role in actor.roles)
    return given or bool(dataset.producer and dataset.producer == custodian)


def _row(one: Incoming, snapshot: Snapshot, default: tuple[str, ...]) -> ConsentRow | Fault:
    """The row; where nothing says which datasets hold the data, those of the version before."""
    before = snapshot.chain(one.version.consent_id)
    named = one.datasets or default or (tuple(before[-1].datasets) if before else ())
    if not named:
        return Fault(one.place, "datasets: missing; which datasets hold this participant's data?")
    unknown = next((name for name in named if snapshot.get(Dataset, DatasetId(name)) is None), None)
    if unknown is not None:
        return Fault(one.place, _NOT_HERE)
    return ConsentRow(id=consent_row_id(one.version), datasets=frozenset(map(DatasetId, named)), consent=one.version)
