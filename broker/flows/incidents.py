"""Something went wrong with data: it is reported, frozen, investigated, decided, told, and published.

Grants are suspended as in grants/end.py, by the same row, so what runs is cut at once, in every process.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.access.grants import GrantCommand
from broker.core.access.incidents import INCIDENT_TRANSITIONS as MOVES
from broker.core.access.incidents import Breach, IncidentCommand, IncidentPart, IncidentStage, may
from broker.core.grants import after, fellows
from broker.core.grants import ending as ends_on
from broker.core.ids import DatasetId, GrantId
from broker.core.outcome import Reason
from broker.core.rows import Dataset, Grant, Incident, Put, changed
from broker.core.rows.incidents import Taken
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.grants.desk import at_grant, held
from broker.flows.request_access import may_know
from broker.flows.world import Caller, World

MOST_FROZEN = 100
"""Grants in one step."""
_DAY = 86_400
_AHEAD_DAYS = 3 * 366
"""So far ahead the grants end that are offered to be suspended; a later one is named by its number."""
_MOST_LOOKED = 5_000
"""Grants of a committee that are looked at for that; of a larger one not all are offered."""
MOST_STEPS = 100
MOST_OPEN = 20
"""Reports of one person that nobody has looked into."""


_ENTRIES = {
    IncidentStage.INVESTIGATED: "incident.investigated",
    IncidentStage.DECIDED: "incident.decided",
    IncidentStage.INFORMED: "incident.informed",
    IncidentStage.PUBLISHED: "incident.published",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenIncident:
    """An incident, and what whoever looks at it may do."""

    incident: Incident
    may: frozenset[IncidentCommand]


async def report(
    w: World, caller: Caller, dataset: DatasetId, text: str, noticed: Seconds, breach: Breach = "other"
) -> Incident | Reason:
    """Anybody who is signed in and knows the data says what happened. Steps: 1 gather, 2 decide, 3 record."""
    async with w.alone.at("incidents", caller.person.id):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        known = may_know(caller, dataset, snapshot, now)
        waiting = [one for one in snapshot.all(Incident) if one.reporter == caller.person.id]
        # 2. Decide.
        if not known:
            return Reason(code="REQ-NOT-FOUND")
        if not text.strip() or not 0 <= noticed <= now:
            return Reason(
                code="REQ-INVALID", facts=(("problem", "text, noticed: what happened, and when it was noticed"),)
            )
        if sum(one.stage is IncidentStage.REPORTED for one in waiting) >= MOST_OPEN:
            return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST_OPEN} reports that wait"),))
        row = Incident(
            id=w.new_id("inc", now), dataset=dataset, reporter=caller.person.id, text=text, noticed=noticed,
            reported=now, breach=breach,
        )  # fmt: skip
        # 3. Record.
        entry = w.entry("incident.reported", now, caller.person, {"incident": row.id, "dataset": dataset})
        await w.ledger.record(entry, Put(row))
        return row


async def freeze(w: World, caller: Caller, id: str, grants: Sequence[GrantId], text: str) -> Incident | Reason:
    """Suspend grants for the data that may be involved; those that rest or are over are left as they are.

    Steps: 1 gather, 2 decide, 3 record all of it together.
    """
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_incident(caller, id, IncidentCommand.FREEZE, snapshot)
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    row, wanted = found.incident, tuple(dict.fromkeys(grants))
    if not text.strip() or not 0 < len(wanted) <= MOST_FROZEN:
        return Reason(code="REQ-INVALID", facts=(("problem", f"grants, text: 1 to {MOST_FROZEN} grants, and why"),))
    ends = []
    for name in wanted:
        held = at_grant(caller, name, GrantCommand.SEE, snapshot, now)
        if isinstance(held, Reason) or held.grant.dataset != row.dataset:
            return Reason(code="REQ-NOT-FOUND")
        if GrantCommand.SUSPEND in held.may:
            ends.append(after(GrantCommand.SUSPEND, held.grant, snapshot, now, f"incident {id}", "incident"))
    frozen = tuple(dict.fromkeys((*row.frozen, *wanted)))
    done = _taken(row, caller, IncidentCommand.FREEZE, text, now)
    # 3. Record.
    entry = w.entry("incident.frozen", now, caller.person, {"incident": id, "grants": wanted})
    put = changed(row, frozen=frozen, taken=done)
    await w.ledger.record(entry, Put(put), *(Put(one) for one in ends if one is not None))
    return put


async def take(w: World, caller: Caller, id: str, command: IncidentCommand, text: str) -> Incident | Reason:
    """The next step, with what there is to say of it. Steps: 1 gather, 2 decide by the table, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    found = at_incident(caller, id, command, w.snapshots.current())
    if isinstance(found, Reason):
        return found
    # 2. Decide.
    row = found.incident
    stage = MOVES[row.stage].get(command)
    if stage is None:
        return Reason(code="REQ-STATE", facts=(("state", row.stage.value),))
    if not text.strip():
        return Reason(code="REQ-INVALID", facts=(("problem", "text: nothing is said"),))
    put = changed(row, stage=stage, taken=_taken(row, caller, command, text, now))
    # 3. Record.
    entry = w.entry(_ENTRIES[stage], now, caller.person, {"incident": id})
    await w.ledger.record(entry, Put(put))
    return put


def published(snapshot: Snapshot) -> tuple[Incident, ...]:
    """What everybody may read of, the latest first; not of hidden data."""
    rows = [row for row in snapshot.all(Incident) if row.stage is IncidentStage.PUBLISHED]
    told = [row for row in rows if _listed(row, snapshot)]
    return tuple(sorted(told, key=lambda row: (-row.reported, row.id)))


def listed(caller: Caller, snapshot: Snapshot) -> tuple[SeenIncident, ...]:
    """What they reported, and what they handle; the oldest first."""
    found = [one for row in snapshot.all(Incident) if (one := seen(caller, row, snapshot)) is not None]
    return tuple(sorted(found, key=lambda one: (one.incident.reported, one.incident.id)))


def seen(caller: Caller, row: Incident, snapshot: Snapshot) -> SeenIncident | None:
    """The incident, if they see it."""
    can = may(row.stage, _parts(caller, row, snapshot))
    return SeenIncident(incident=row, may=can) if IncidentCommand.SEE in can else None


def at_stake(caller: Caller, row: Incident, snapshot: Snapshot, now: Seconds) -> tuple[Grant, ...]:
    """The grants for its data that the caller could suspend now, the first to end first; so many at most."""
    dataset = snapshot.get(Dataset, row.dataset)
    if dataset is None:
        return ()
    found, looked = list[Grant](), 0
    for day in range(now // _DAY, now // _DAY + _AHEAD_DAYS):
        ending = ends_on(snapshot, dataset.committee, day)
        looked += len(ending)
        rows = [held(caller, one, snapshot, now) for one in ending if one.dataset == row.dataset]
        found += [one.grant for one in rows if one is not None and GrantCommand.SUSPEND in one.may]
        if len(found) >= MOST_FROZEN or looked >= _MOST_LOOKED:
            break
    return tuple(found[:MOST_FROZEN])


def at_incident(caller: Caller, id: str, command: IncidentCommand, snapshot: Snapshot) -> SeenIncident | Reason:
    """The incident, if they may do `command` with it now."""
    row = snapshot.get(Incident, id)
    found = seen(caller, row, snapshot) if row is not None else None
    if row is None or found is None:
        return Reason(code="REQ-NOT-FOUND")
    if command in found.may:
        return found
    mine = _parts(caller, row, snapshot)
    if any(command in may(stage, mine) for stage in IncidentStage):
        return Reason(code="REQ-STATE", facts=(("state", row.stage.value),))
    return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))


def _parts(caller: Caller, row: Incident, snapshot: Snapshot) -> frozenset[IncidentPart]:
    persons, dataset = snapshot.ever_linked(caller.person.id), snapshot.get(Dataset, row.dataset)
    committee = f"committee:{dataset.committee}" if dataset is not None else ""
    frozen = [grant for id in row.frozen if (grant := snapshot.get(Grant, id)) is not None]
    holders = frozenset().union(*({grant.person} | fellows(grant, snapshot) for grant in frozen))
    has = {
        IncidentPart.REPORTER: row.reporter in persons,
        IncidentPart.INVOLVED: bool(holders & persons),
        IncidentPart.MEMBER: committee != "" and caller.has_role("committee_member", committee),
        IncidentPart.CUSTODIAN: caller.has_role("custodian", f"dataset:{row.dataset}"),
        IncidentPart.ADMIN: caller.has_role("admin", "service"),
        IncidentPart.AUDITOR: caller.has_role("auditor", "service"),
    }
    return frozenset(part for part, true in has.items() if true)


def _listed(row: Incident, snapshot: Snapshot) -> bool:
    dataset = snapshot.get(Dataset, row.dataset)
    return dataset is not None and dataset.existence == "listed"


def _taken(row: Incident, caller: Caller, command: IncidentCommand, text: str, now: Seconds) -> tuple[Taken, ...]:
    """The steps with one more; the first ones of very many are dropped from the row, and stay in the log."""
    one = Taken(command=command, person=caller.person.id, text=text, at=now)
    return (*row.taken[-(MOST_STEPS - 1) :], one)
