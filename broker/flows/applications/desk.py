"""Who asks about an application, and may they do what they want? Every story about applications begins here."""

from dataclasses import dataclass

from broker.core.access.life import Command, Stage
from broker.core.access.parts import INSIDE, OF_APPLICANTS, Part, allowed
from broker.core.applications import invited, parts
from broker.core.ids import ApplicationId, DatasetId, PersonId, RequestId, ReviewId
from broker.core.outcome import Reason
from broker.core.rows import Application, Committee, Dataset, Request, Review
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds
from broker.flows.world import Caller

_ROLES = frozenset(Part) - OF_APPLICANTS
_APART = frozenset({Command.SEE, Command.STEP_ASIDE})
"""To step aside twice is to have done it once."""
_OVER = frozenset({Stage.DECIDED, Stage.WITHDRAWN})
"""Whoever holds one of these may find something on a desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An application before one committee, with the parts of whoever looks at it."""

    application: Application
    review: Review
    committee: Committee
    persons: frozenset[PersonId]
    """Everybody whom the caller was ever shown to be."""
    parts: frozenset[Part]

    @property
    def inside(self) -> bool:
        """Do they read what the committee says among itself?"""
        return bool(self.parts & INSIDE)

    @property
    def may(self) -> frozenset[Command]:
        """What the caller may do with it now. Whoever stepped aside reads, and does nothing more."""
        can = allowed(self.review.stage, self.parts)
        return can & _APART if self.apart else can

    @property
    def apart(self) -> bool:
        """Did they step aside, under whatever identity? Who applies is no member here, and does what applicants do."""
        return bool(self.persons & self.review.apart) and not self.parts & OF_APPLICANTS


def _urgency(one: Desk) -> tuple[bool, bool, Seconds, str]:
    """By which what waits is put in order: what this very person is waited for, then when its answer is due, and last
    what is over.
    """
    due = one.review.clock.due(one.review.stage, one.committee.answer_days)
    signs = bool(one.may & {Command.ENDORSE, Command.CONFIRM})
    return one.review.stage in _OVER, not signs, due if due is not None else FOREVER, one.review.id


def desk(caller: Caller, review: Review, snapshot: Snapshot) -> Desk | None:
    """What the caller sees of it; None: nothing, as if it were not there."""
    application = snapshot.get(Application, review.application)
    committee = snapshot.get(Committee, review.committee)
    if application is None or committee is None:
        return None
    persons = snapshot.ever_linked(caller.person.id)
    homes = snapshot.organisations(one.partition("@")[2] for one in application.affiliations)
    mine = parts(persons, caller.has_role, application, review, homes)
    if not committee.confirmed:  # who is asked nothing reads nothing
        mine -= {Part.IT_DIRECTOR}
    found = Desk(application=application, review=review, committee=committee, persons=persons, parts=mine)
    return found if Command.SEE in found.may else None


def inbox(caller: Caller, snapshot: Snapshot) -> tuple[Desk, ...]:
    """What lies on the desks of the caller's committees, and where they were asked; the most urgent first."""
    rows = (row for committee in snapshot.all(Committee) for row in snapshot.desk(committee.id))
    seen = [one for row in rows if (one := desk(caller, row, snapshot)) is not None and not one.parts & OF_APPLICANTS]
    return tuple(sorted(seen, key=_urgency))


def has_desk(caller: Caller, snapshot: Snapshot) -> bool:
    """May anything lie before them, by a role or because somebody asked them? Their inbox alone says what does."""
    if any(one.role in _ROLES for one in caller.roles):
        return True
    return any(invited(person, snapshot) for person in snapshot.ever_linked(caller.person.id))


def at_desk(caller: Caller, id: ReviewId, command: Command, snapshot: Snapshot) -> Desk | Reason:
    """The review, if the caller may do `command` with it now."""
    review = snapshot.get(Review, id)
    found = desk(caller, review, snapshot) if review is not None else None
    if found is None:
        return Reason(code="REQ-NOT-FOUND")
    return _may(found, command) or found


def desks(caller: Caller, id: ApplicationId, snapshot: Snapshot) -> tuple[Desk, ...]:
    """An application before each of its committees, as far as the caller sees it."""
    application = snapshot.get(Application, id)
    rows = [snapshot.get(Review, one) for one in application.reviews] if application is not None else []
    seen = [desk(caller, row, snapshot) for row in rows if row is not None]
    return tuple(one for one in seen if one is not None)


def own_desks(caller: Caller, id: ApplicationId, command: Command, snapshot: Snapshot) -> tuple[Desk, ...] | Reason:
    """Those of the caller's own application with which they may do `command` now; there is one at least."""
    found = desks(caller, id, snapshot)
    if not any(Part.APPLICANT in one.parts for one in found):
        return Reason(code="REQ-NOT-FOUND")
    can = tuple(one for one in found if command in one.may)
    return can or _state(found[0])


def requests(review: Review, snapshot: Snapshot) -> tuple[Request, ...]:
    """The requests of which an application before one committee is made."""
    found = [snapshot.get(Request, RequestId(id)) for id in review.requests]
    return tuple(one for one in found if one is not None)


def committee_of(dataset: DatasetId, snapshot: Snapshot) -> Committee | None:
    """Who decides about a dataset."""
    row = snapshot.get(Dataset, dataset)
    return snapshot.get(Committee, row.committee) if row is not None else None


def _may(found: Desk, command: Command) -> Reason | None:
    if command in found.may:
        return None
    if found.apart and command in allowed(found.review.stage, found.parts):
        return Reason(code="REQ-STEPPED-ASIDE")
    elsewhere = any(command in allowed(stage, found.parts) for stage in type(found.review.stage))
    return _state(found) if elsewhere else Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))


def _state(found: Desk) -> Reason:
    return Reason(code="REQ-STATE", facts=(("state", found.review.stage.value),))
