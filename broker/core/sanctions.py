"""Which sanction may follow which, who imposes one, and who lifts it? (WHO 2024, 3.3-4)

A ladder: warning, suspension of the person, suspension of the institution, publication, notice to the funder. A step
needs the one before it in the same case, unless it is urgent. Two people in two different roles lift one.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import get_args

from broker.core.ids import PersonId
from broker.core.outcome import Reason
from broker.core.rows.sanctions import Lift, Sanction, SanctionStep, TargetKind

LADDER: tuple[SanctionStep, ...] = get_args(SanctionStep)
"""From the mildest to the last."""

TARGETS: Mapping[SanctionStep, tuple[TargetKind, ...]] = MappingProxyType({
    "warn": ("person", "organisation"),
    "suspend_person": ("person",),
    "suspend_institution": ("organisation",),
    "publish": ("person", "organisation"),
    "notify_funder": ("person", "organisation"),
})  # fmt: skip
"""Against whom each step can be taken."""

ROLES = ("admin", "legal_officer")
"""Who imposes and lifts, in the scope `service`."""

_LIFTED_BY = 2


def wrong_with(step: Sanction, taken: Iterable[Sanction], *, urgent: bool) -> Reason | None:
    """Why this step may not be taken after those that were, in its case; None: it may.

    Whom a step suspends must have been warned themselves; further up, the steps against others in the case count too.
    """
    if step.kind not in TARGETS[step.step]:
        return _invalid(f"kind: {step.step} is for {' or '.join(TARGETS[step.step])}")
    if step.ends <= step.begins:
        return _invalid("ends: before it begins")
    place = LADDER.index(step.step)
    before = [one for one in taken if step.step != "suspend_person" or one.whom == step.whom]
    reached = max((LADDER.index(one.step) for one in before), default=-1)
    if place > reached + 1 and not urgent:
        return _invalid(f"step: {LADDER[reached + 1]} comes first; say urgent if it cannot wait")
    return None


def lifted(row: Sanction, lift: Lift, same: frozenset[PersonId]) -> tuple[Lift, ...] | Reason:
    """The lifts with one more, or why it does not count. `same`: who is known to be the person who lifts, too."""
    if len(row.lifts) >= _LIFTED_BY:
        return Reason(code="REQ-STATE", facts=(("state", "lifted already"),))
    if row.kind == "person" and row.whom in same:
        return Reason(code="REQ-OWN")
    if any(one.role == lift.role or one.person in same for one in row.lifts):
        return Reason(code="SANCTION-TWO-ROLES")
    return (*row.lifts, lift)


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
