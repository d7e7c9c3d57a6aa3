"""Somebody who may takes a step of the ladder of sanctions, and two people in two roles lift one.

Each step is one record: a row and an entry. A suspension ends every use at once, running downloads too, because
every use asks for sanctions again.
"""

from dataclasses import dataclass

from broker.core import sanctions
from broker.core.audit.entry import Value
from broker.core.ids import PersonId, is_made_id
from broker.core.outcome import Reason
from broker.core.rows import Organisation, Person, Put, Sanction, changed
from broker.core.rows.sanctions import Lift, SanctionStep, TargetKind
from broker.core.sanctions import ROLES
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.administer import Actor
from broker.flows.world import Caller, World
from broker.ports import StaleError

_INSTITUTION = "organisation:"
OPERATOR_ROLE = "operator"
"""Whoever works at the machine itself: a role of its own, and never two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A step that somebody wants to take. `case` None: it opens a case. `urgent`: milder steps could not wait.

    `once`: the id that its form was given (`blank_id`): the same form sent twice is one step.
    """

    case: str | None
    step: SanctionStep
    kind: TargetKind
    whom: str
    ground: str
    ends: Seconds
    appeal: str
    urgent: bool = False
    once: str | None = None


def blank_id(w: World) -> str:
    """The id of a step that somebody begins to write; nothing is stored under it yet."""
    return w.new_id("san", w.clock.now())


async def impose(w: World, actor: Actor, wanted: Wanted) -> Sanction | Reason:
    """Take the step now. Steps: 1 gather, 2 decide, 3 record, 4 answer."""
    # 1. Gather.
    now = w.clock.now()
    id = wanted.once if wanted.once is not None and is_made_id(wanted.once, "san") else blank_id(w)
    before = await w.rows.get(Sanction, id)
    kind = Person if wanted.kind == "person" else Organisation
    known = await w.rows.get(kind, wanted.whom)
    taken = [row async for row in w.rows.scan(Sanction) if row.case == wanted.case]
    # 2. Decide.
    role = _role(actor, taken=())
    if role is None:
        return _not_yours()
    if before is not None:
        return before if before.by == _who(actor) else Reason(code="REQ-NOT-FOUND")
    if known is None or (wanted.case is not None and not taken):
        return Reason(code="REQ-NOT-FOUND")
    made = Sanction(
        id=id,
        case=wanted.case or w.new_id("cas", now),
        step=wanted.step,
        kind=wanted.kind,
        whom=wanted.whom,
        ground=wanted.ground,
        begins=now,
        ends=wanted.ends,
        appeal=wanted.appeal,
        by=_who(actor),
        role=role,
    )
    wrong = sanctions.wrong_with(made, taken, urgent=wanted.urgent)
    if wrong is not None:
        return wrong
    # 3. Record.
    told: dict[str, Value] = {"sanction": made.id, "case": made.case, "step": made.step, "of": made.kind, "role": role}
    entry = w.entry("sanction.imposed", now, actor.person, told | {"urgent": int(wanted.urgent)})
    try:
        await w.ledger.record(entry, Put(made))
    except StaleError:  # the same form, sent twice at once
        return Reason(code="REQ-STALE")
    # 4. Answer.
    return made


async def lift(w: World, actor: Actor, id: str, ground: str) -> Sanction | Reason:
    """Say that it is to be lifted; with the second role it is. Steps: 1 gather, 2 decide, 3 record, 4 answer."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    held = await w.rows.get(Sanction, id)
    # 2. Decide.
    taken = tuple(one.role for one in held.lifts) if held is not None else ()
    role = _role(actor, taken)
    if role is None:
        return _not_yours()
    if held is None:
        return Reason(code="REQ-NOT-FOUND")
    same = snapshot.ever_linked(actor.person.id) if actor.person is not None else frozenset[PersonId]()
    lifts = sanctions.lifted(held, Lift(person=_who(actor), role=role, at=now, ground=ground), same)
    if isinstance(lifts, Reason):
        return lifts
    after = changed(held, lifts=lifts)
    # 3. Record.
    told: dict[str, Value] = {"sanction": id, "case": held.case, "role": role, "lifted": int(after.lifted <= now)}
    await w.ledger.record(w.entry("sanction.lift", now, actor.person, told), Put(after))
    # 4. Answer.
    return after


def may_impose(actor: Actor) -> bool:
    """Who takes a step."""
    return _role(actor, taken=()) is not None


def may_read(actor: Actor) -> bool:
    """Who sees all sanctions."""
    return actor.operator or any(_holds(actor, role) for role in (*ROLES, "auditor"))


def against(caller: Caller, snapshot: Snapshot) -> tuple[Sanction, ...]:
    """Every step against somebody, or an institution for which they sign; the newest first. Who is told of one
    (core/notices.py) reads it.
    """
    signed = (one.scope for one in caller.roles if one.role == "signing_official")
    ours = (scope.removeprefix(_INSTITUTION) for scope in signed if scope.startswith(_INSTITUTION))
    found = [row for one in snapshot.ever_linked(caller.person.id) for row in snapshot.sanctions("person", one)]
    found += [row for one in ours for row in snapshot.sanctions("organisation", one)]
    return tuple(sorted(found, key=lambda row: (row.begins, row.id), reverse=True))


def _role(actor: Actor, taken: tuple[str, ...]) -> str | None:
    """In which role they act: one that nobody has acted in yet, if there is one. No service sanctions anybody."""
    if actor.operator:
        return OPERATOR_ROLE
    held = [role for role in ROLES if _holds(actor, role)] if actor.person is not None else []
    return next((role for role in held if role not in taken), held[0] if held else None)


def _holds(actor: Actor, role: str) -> bool:
    return any(one.role == role and one.scope == "service" for one in actor.roles)


def _who(actor: Actor) -> PersonId:
    return actor.person.id if actor.person is not None else PersonId("")


def _not_yours() -> Reason:
    return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(ROLES)),))
