"""Who asks about a grant, and may they do what they want? Every story about grants begins here."""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.access.grants import USED, GrantCommand, GrantPart, GrantStage, may
from broker.core.grants import apart, fellows, life, parts, renewals, stage
from broker.core.grants import ending as ends_on
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Committee, Dataset, Grant, Report
from broker.core.rows.revocation import Step
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import Caller

_DAY = 86_400
WINDOW_DAYS = 92
"""How far the calendar of renewals looks ahead."""
MOST_ENDING = 200
"""Grants that the calendar shows at once."""
LIVE = USED | {GrantStage.SUSPENDED}
"""The stages before an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A grant as somebody sees it. `reports`: what its holder reported, the oldest first; `life`: what became of it."""

    grant: Grant
    stage: GrantStage
    parts: frozenset[GrantPart]
    reports: tuple[Report, ...]
    life: tuple[Step, ...]

    @property
    def may(self) -> frozenset[GrantCommand]:
        """What they may do with it now."""
        return may(self.stage, self.parts)

    @property
    def live(self) -> bool:
        """Has it not come to an end?"""
        return self.stage in LIVE

    @property
    def waiting(self) -> Report | None:
        """The renewal that the committee has not answered."""
        return next((one for one in self.reports if one.waits), None)


def held(caller: Caller, grant: Grant, snapshot: Snapshot, now: Seconds) -> Held | None:
    """What the caller sees of it; None: nothing, as if it were not there.

    Its holder sees it as far as they released it to the program that asks.
    """
    dataset = snapshot.get(Dataset, grant.dataset)
    ids = {grant.committee, *((dataset.committee,) if dataset is not None else ())}
    committees = frozenset(row for id in ids if (row := snapshot.get(Committee, id)) is not None)
    persons = snapshot.ever_linked(caller.person.id)
    mine = parts(persons, caller.has_role, grant, committees, fellows(grant, snapshot), apart(grant, snapshot))
    if GrantPart.HOLDER in mine and grant.id not in caller.grants:
        return None
    here = stage(grant, snapshot, now)
    lived = life(grant, snapshot, now, inside=GrantPart.HOLDER not in mine)
    found = Held(grant=grant, stage=here, parts=mine, reports=snapshot.reports(grant.id), life=lived)
    return found if GrantCommand.SEE in found.may else None


def at_grant(caller: Caller, id: GrantId, command: GrantCommand, snapshot: Snapshot, now: Seconds) -> Held | Reason:
    """The grant, if the caller may do `command` with it now."""
    row = snapshot.get(Grant, id)
    found = held(caller, row, snapshot, now) if row is not None else None
    if found is None:
        return Reason(code="REQ-NOT-FOUND")
    if command in found.may:
        return found
    if GrantPart.HOLDER in found.parts and command not in may(GrantStage.ACTIVE, found.parts):
        return Reason(code="REQ-OWN")
    if any(command in may(other, found.parts) for other in GrantStage):
        return Reason(code="REQ-STATE", facts=(("state", found.stage.value),))
    if snapshot.ever_linked(caller.person.id) & apart(found.grant, snapshot):
        return Reason(code="REQ-STEPPED-ASIDE")
    return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))


def own(caller: Caller, snapshot: Snapshot, now: Seconds) -> tuple[Held, ...]:
    """One's own grants, as far as one released them; the first to end first, those that are over last."""
    rows = (snapshot.get(Grant, id) for id in caller.grants)
    seen = [one for row in rows if row is not None and (one := held(caller, row, snapshot, now)) is not None]
    return tuple(sorted(seen, key=lambda one: (not one.live, one.grant.ends, one.grant.id)))


def waiting(caller: Caller, snapshot: Snapshot, now: Seconds) -> tuple[Held, ...]:
    """The renewals that wait for the caller's committees, the oldest first."""
    rows = [row for id in seats(caller, snapshot) for row in renewals(snapshot, id)]
    asked = sorted(rows, key=lambda row: (row.at, row.id))
    return tuple(_seen(caller, (snapshot.get(Grant, row.grant) for row in asked), snapshot, now))


def ending(caller: Caller, snapshot: Snapshot, now: Seconds) -> tuple[Held, ...]:
    """The grants of the caller's committees that end in the next months, the first to end first; so many at most."""
    found: list[Held] = []
    committees = seats(caller, snapshot)
    for day in range(now // _DAY, now // _DAY + WINDOW_DAYS):
        rows = [row for id in committees for row in ends_on(snapshot, id, day)]
        live = [one for one in _seen(caller, rows, snapshot, now) if one.live]
        found += sorted(live, key=lambda one: (one.grant.ends, one.grant.id))
        if len(found) >= MOST_ENDING:
            break
    return tuple(found[:MOST_ENDING])


def seats(caller: Caller, snapshot: Snapshot) -> list[str]:
    """The committees in which the caller sits, or whose desk they keep."""
    roles = ("committee_member", "handler")
    return [
        one.id for one in snapshot.all(Committee) if any(caller.has_role(role, f"committee:{one.id}") for role in roles)
    ]


def _seen(caller: Caller, rows: Iterable[Grant | None], snapshot: Snapshot, now: Seconds) -> list[Held]:
    return [one for row in rows if row is not None and (one := held(caller, row, snapshot, now)) is not None]
