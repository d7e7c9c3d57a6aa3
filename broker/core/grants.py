"""In which stage is a grant, who has which part in it, and which row ends or pauses it? (access/grants.py)"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import cast

from broker.core.access.grants import GRANT_PERMISSIONS, GrantCommand, GrantPart, GrantStage, next_stage, stage_of
from broker.core.applications import aside
from broker.core.ids import DatasetId, PersonId
from broker.core.rows import Application, Committee, Grant, Report, Request, Review, Revocation, Row, changed
from broker.core.rows.revocation import By, Did, Step, revocation_id
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds

Has = Callable[[str, str], bool]
"""(role, scope): does the caller hold this role in exactly this scope, or for the whole service?"""


def ended(grant: Grant, snapshot: Snapshot) -> Revocation | None:
    """What ends or pauses it, or once did."""
    return snapshot.get(Revocation, revocation_id("grant", grant.id))


def renewals(snapshot: Snapshot, committee: str) -> tuple[Report, ...]:
    """The renewals that wait for the answer of a committee."""
    return cast("tuple[Report, ...]", _listed(snapshot, "renewals", committee))


def published(snapshot: Snapshot, dataset: DatasetId) -> tuple[Report, ...]:
    """The reports that name publications about a dataset, in the order of their making."""
    return cast("tuple[Report, ...]", _listed(snapshot, "published", dataset))


def ending(snapshot: Snapshot, committee: str, day: int) -> tuple[Grant, ...]:
    """The grants of a committee that end on a day, counted from 1970; ended before their time or not."""
    return cast("tuple[Grant, ...]", _listed(snapshot, "ends", committee, str(day)))


def begun(snapshot: Snapshot, day: int) -> tuple[Grant, ...]:
    """The grants that began on a day, counted from 1970."""
    return cast("tuple[Grant, ...]", _listed(snapshot, "begun", str(day)))


def _listed(snapshot: Snapshot, *key: str) -> tuple[Row, ...]:
    found = snapshot.index.get(key)
    return tuple(row for _, row in sorted(found.items())) if found else ()


def stage(grant: Grant, snapshot: Snapshot, now: Seconds) -> GrantStage:
    """How far it is in its life."""
    row = ended(grant, snapshot)
    held = row is not None and row.holds(now)
    pausing = row is not None and row.pausing
    closed = grant.closed is not None
    return stage_of(grant.ends, now, closed=closed, revoked=held and not pausing, suspended=held and pausing)


def fellows(grant: Grant, snapshot: Snapshot) -> frozenset[PersonId]:
    """Everybody who applied for it together with its holder, or once did."""
    application = _application(grant, snapshot)
    return application.ever if application is not None else frozenset()


def project(grant: Grant, snapshot: Snapshot) -> str:
    """What is the same for all who applied together, and for nobody else."""
    application = _application(grant, snapshot)
    return application.id if application is not None else grant.id


def apart(grant: Grant, snapshot: Snapshot) -> frozenset[PersonId]:
    """Who stepped aside in its committee: what becomes of it is no more theirs to judge than whether it was given."""
    return aside(snapshot.get(Request, grant.request), snapshot)


def _application(grant: Grant, snapshot: Snapshot) -> Application | None:
    request = snapshot.get(Request, grant.request)
    review = snapshot.get(Review, request.review) if request is not None and request.review is not None else None
    return snapshot.get(Application, review.application) if review is not None else None


def parts(
    persons: frozenset[PersonId],
    has: Has,
    grant: Grant,
    committees: frozenset[Committee],
    together: frozenset[PersonId] = frozenset(),
    stepped_aside: frozenset[PersonId] = frozenset(),
) -> frozenset[GrantPart]:
    """Which parts somebody has. `persons`: everybody whom they were ever shown to be. A holder is nothing besides.

    `committees`: the one that gave it, and the one that decides about the data now. `together`: who applied with its
    holder, and so has no say in it (I2). `stepped_aside`: they read what the committee reads.
    """
    if grant.person in persons:
        return frozenset({GrantPart.HOLDER})
    if persons & together:
        return frozenset()
    found: set[GrantPart] = set()
    for one in committees:
        scope = f"committee:{one.id}"
        chairs, sits = has("committee_chair", scope), has("committee_member", scope)
        if persons & stepped_aside:
            found |= {GrantPart.HANDLER} if chairs or sits else set()
            chairs = sits = False
        found |= {GrantPart.MEMBER} if sits or chairs else set()
        found |= {GrantPart.ANSWERER} if chairs or (sits and one.quorum <= 1) else set()
        found |= {GrantPart.HANDLER} if has("handler", scope) else set()
    found |= {GrantPart.CUSTODIAN} if has("custodian", f"dataset:{grant.dataset}") else set()
    found |= {GrantPart.ADMIN} if has("admin", "service") else set()
    found |= {GrantPart.AUDITOR} if has("auditor", "service") else set()
    return frozenset(found)


_DID: Mapping[GrantCommand, Did] = {
    GrantCommand.SUSPEND: "suspended",
    GrantCommand.RESUME: "resumed",
    GrantCommand.REVOKE: "revoked",
}
_ACTS: Mapping[GrantPart, By] = {
    GrantPart.MEMBER: "committee",
    GrantPart.CUSTODIAN: "custodian",
    GrantPart.ADMIN: "admin",
}
_RESTS = frozenset({"suspended", "resumed"})
CLOSED_BY_HOLDER = "closed by its holder"
"""The ground of what its holder ended."""


def acting(command: GrantCommand, stage: GrantStage, parts: Collection[GrantPart]) -> By:
    """As whom somebody takes a step: in the first of their parts that may."""
    able = (by for part, by in _ACTS.items() if part in parts and command in GRANT_PERMISSIONS[stage].get(part, ()))
    return next(able, "")


def after(
    command: GrantCommand, grant: Grant, snapshot: Snapshot, now: Seconds, ground: str, by: By = ""
) -> Revocation | None:
    """The row by which `command` stops its use, or lets it go on; None: it cannot happen in the grant's stage.

    Every door reads that one row, so a pause cuts running downloads as an end does.
    """
    if next_stage(stage(grant, snapshot, now), command) is None:
        return None
    row, pausing = ended(grant, snapshot), command is GrantCommand.SUSPEND
    did = _DID.get(command)
    steps = (*_steps(row), *((Step(did=did, at=now, by=by, ground=ground),) if did is not None else ()))
    if row is None:
        id = revocation_id("grant", grant.id)
        return Revocation(id=id, since=now, until=grant.ends, ground=ground, pausing=pausing, steps=steps)
    if command is GrantCommand.RESUME:
        return changed(row, lifted=now, steps=steps)
    since = row.since if row.holds(now) else now
    return changed(row, since=since, until=grant.ends, ground=ground, pausing=pausing, lifted=FOREVER, steps=steps)


def life(grant: Grant, snapshot: Snapshot, now: Seconds, *, inside: bool) -> tuple[Step, ...]:
    """All that became of it, in order: when it was approved, made longer, stopped, let go on; its end, and its closing.

    `inside`: for its committee. Its holder reads no ground, and not what let it rest: that a use was beyond a limit
    they hear from a person.
    """
    stopped = _steps(ended(grant, snapshot))
    longer = [
        one.answered_at
        for one in snapshot.reports(grant.id)
        if one.answer == "extended" and one.answered_at is not None
    ]
    ends = [one.at for one in stopped if one.did == "revoked"] + [at for at in (grant.closed,) if at is not None]
    found = [Step(did="approved", at=grant.begins), *(Step(did="extended", at=at, by="committee") for at in longer)]
    found += stopped
    found += [Step(did="expired", at=grant.ends)] if grant.ends <= min(ends, default=now) else []
    found += [Step(did="closed", at=grant.closed)] if grant.closed is not None else []
    told = found if inside else [replace(one, by="" if one.did in _RESTS else one.by, ground="") for one in found]
    return tuple(sorted(told, key=lambda one: one.at))


def _steps(row: Revocation | None) -> tuple[Step, ...]:
    """What was done with it; of a row of before this was kept, what that says."""
    if row is None or row.steps or row.ground == CLOSED_BY_HOLDER:
        return row.steps if row is not None else ()
    did: Did = "suspended" if row.pausing else "revoked"
    first = Step(did=did, at=row.since, ground=row.ground)
    return (first,) if row.lifted == FOREVER else (first, Step(did="resumed", at=row.lifted))
