"""Of what is somebody reminded now, because a day comes near or has passed? Each is told once: its key says of what.

Sixty, thirty and seven days before a grant ends; when it is over and nobody said what became of the copies, its holder,
and thirty days later its committee and who takes the first step against misuse, too; thirty and seven days before a
duty is due, and when it is late; three days before an answer is due, and when it is late: then whoever waits, and who
runs the broker, hear of it too.
Sixty, thirty and seven days before a community's yes ends, and when it has ended; as long before the policy of data
against stigma is to be looked at again, and when nobody did, and before the last talk with the people of origin is too
old; a year and three months before who pays for data ends. Three days before the place of origin can comment no more,
who has not; and the committee, when nobody did: silence is no yes. Seven days before a draft is given up, its writer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from broker.core.access.cases import ANSWERED_BY, answered_in, due
from broker.core.access.grants import USED, reminder
from broker.core.access.origin import Standing
from broker.core.access.states import State
from broker.core.applications import answer_due
from broker.core.grants import ended, fellows, stage
from broker.core.happened import Told, person_box, role_box
from broker.core.ids import PersonId
from broker.core.of_findings import whose_turn
from broker.core.origins import AUTHORITY, COMMUNITY
from broker.core.rows import (
    Application,
    Case,
    Committee,
    ConsentRow,
    Dataset,
    Grant,
    Request,
    ResultReport,
    Review,
    Row,
)
from broker.core.rows.safeguards import Safeguards
from broker.core.safeguards import engagement_ends
from broker.core.sanctions import ROLES as MAY_SANCTION
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, day_of, start_of

_DAY = 86_400
CLOSING_DAYS, CLOSING_FORGOTTEN = (30, 0), 400
"""Since a grant ended, with the destruction of the copies not attested; after so many it is told no more."""
DUTY_DAYS = (0, 7, 30)
ANSWER_DAYS = (0, 3)
COMMUNITY_DAYS = (0, 7, 30, 60)
POLICY_DAYS = COMMUNITY_DAYS
FUNDING_DAYS = (0, 90, 365)
FINDING_DAYS = (28, 14)
"""Since a finding was reported."""
ORIGIN_DAYS = (0, 3)
DRAFT_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminding:
    """One reminder. `key`: the same whenever and wherever it is worked out again."""

    key: str
    what: str
    to: Told


def reminders(row: Row, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """What `row` gives reason to remind of now."""
    match row:
        case Grant():
            yield from _of_grant(row, snapshot, now)
        case Review():
            yield from _of_review(row, snapshot, now)
        case Case():
            yield from _of_case(row, now)
        case ConsentRow():
            yield from _of_community(row, snapshot, now)
        case Dataset():
            yield from _of_dataset(row, now)
        case Request():
            yield from _of_origin(row, snapshot, now)
            yield from _of_lone(row, snapshot, now)
        case _:
            pass


def of_draft(owner: PersonId, about: str, ends: Seconds) -> Reminding:
    """That a draft is given up within `DRAFT_DAYS`: again, if it was saved meanwhile and its time comes anew."""
    return Reminding(key=f"{owner} {about} {ends}", what="reminder.draft", to=Told(to=person_box(owner), about=about))


def of_vacancy(population: str, now: Seconds) -> Reminding:
    """That many people in the holdings have no seat in the committees: each month again, while it is so."""
    to = Told(to=role_box("admin", "service"), about=population)
    return Reminding(key=f"{population} {day_of(now).replace(day=1)}", what="reminder.vacancy", to=to)


def _of_grant(row: Grant, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    holder = Told(to=person_box(row.person), about=row.id)
    days = reminder(row.ends, now)
    if days is not None and stage(row, snapshot, now) in USED:
        yield Reminding(key=f"{row.id} {row.ends} {days}", what="reminder.grant_ends", to=holder)
    yield from _of_closing(row, snapshot, now)
    for duty in row.obligations:
        mark = _mark(duty.due, DUTY_DAYS, now) if not duty.fulfilled else None
        if mark is not None:
            yield Reminding(key=f"{row.id} {duty.id} {duty.due} {mark}", what="reminder.duty", to=holder)


def _of_closing(row: Grant, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """Nothing is punished by a clock: who may warn is told, and warns or does not (WHO-P-9)."""
    if not row.request or row.closed is not None:
        return
    end = ended(row, snapshot)
    over = min(row.ends, end.since) if end is not None and end.holds(now) and not end.pausing else row.ends
    mark = next((days for days in CLOSING_DAYS if now >= over + days * _DAY), None)
    if mark is None or now >= over + CLOSING_FORGOTTEN * _DAY:
        return
    whom = [Told(to=person_box(row.person), about=row.id)]
    if mark == CLOSING_DAYS[0]:
        but = (row.person, *sorted(fellows(row, snapshot)))
        whom += [Told(to=role_box(role, f"committee:{row.committee}"), about=row.id, but=but) for role in _DESK]
        whom += [Told(to=role_box(role, "service"), about=row.id, but=but) for role in MAY_SANCTION]
    for to in whom:
        yield Reminding(key=f"{row.id} {over} {mark} {to.to}", what="reminder.closing", to=to)


def _of_lone(row: Request, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """Of a request without an application: as of one."""
    ends, dataset = answer_due(row, snapshot), snapshot.get(Dataset, row.dataset)
    mark = _mark(ends, ANSWER_DAYS, now)
    if mark is None or dataset is None or row.review is not None:
        return
    but = (row.person,)
    whom = [Told(to=role_box(role, f"committee:{dataset.committee}"), about=row.id, but=but) for role in _DESK]
    if mark == 0:
        whom.append(Told(to=person_box(row.person), about=row.id))
        whom.append(Told(to=role_box("admin", "service"), about=row.id, but=but))
    for to in whom:
        yield Reminding(key=f"{row.id} {ends} {mark} {to.to}", what="reminder.answer", to=to)


def _of_review(row: Review, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    committee, application = snapshot.get(Committee, row.committee), snapshot.get(Application, row.application)
    if committee is None or application is None:
        return
    ends = row.clock.due(row.stage, committee.answer_days)
    mark, but = _mark(ends, ANSWER_DAYS, now), (*sorted(application.ever), *sorted(row.apart))
    if mark is None:
        return
    whom = [Told(to=role_box(role, f"committee:{row.committee}"), about=row.id, but=but) for role in _DESK]
    if mark == 0:
        whom += [Told(to=person_box(one), about=application.id) for one in application.people]
        whom.append(Told(to=role_box("admin", "service"), about=row.id, but=but))
    for one in whom:
        yield Reminding(key=f"{row.id} {ends} {mark} {one.to}", what="reminder.answer", to=one)


_DESK = ("committee_member", "handler")


def _of_case(row: Case, now: Seconds) -> Iterator[Reminding]:
    ends = due(row.kind, row.stage, row.opened)
    mark = _mark(ends, ANSWER_DAYS, now)
    if mark is not None:
        but = (row.person,) if row.person is not None else ()
        to = Told(to=role_box(ANSWERED_BY[row.kind], answered_in(row.kind, row.committee)), about=row.id, but=but)
        yield Reminding(key=f"{row.id} {ends} {mark}", what="reminder.answer", to=to)


def _of_community(row: ConsentRow, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """A yes that ends on a day, of the newest version alone."""
    said = row.consent.community
    if said is None or said.decision != "approved" or said.review_on is None or row.consent.status != "active":
        return
    mark = _mark(start_of(said.review_on), COMMUNITY_DAYS, now)
    if mark is not None and snapshot.chain(row.consent.consent_id)[-1].id == row.id:
        ref = row.consent.subject_ref
        to = Told(to=role_box("community_authority", f"community:{ref}"), about=ref)
        yield Reminding(key=f"{row.id} {said.review_on} {mark}", what="reminder.community", to=to)


def _of_dataset(row: Dataset, now: Seconds) -> Iterator[Reminding]:
    for what, day, days in _dates(row.safeguards):
        mark = _mark(start_of(day), days, now)
        for role, scope in (("admin", "service"), ("custodian", f"dataset:{row.id}")) if mark is not None else ():
            to = Told(to=role_box(role, scope), about=row.id)
            apart = "" if what == "reminder.stigma_policy" else f" {what}"
            yield Reminding(key=f"{row.id} {day} {mark} {role}{apart}", what=what, to=to)


def _dates(said: Safeguards) -> Iterator[tuple[str, date, tuple[int, ...]]]:
    """The days by which somebody is to see to something of a dataset, and how many days before they are told."""
    if said.stigma_policy is not None:
        yield "reminder.stigma_policy", said.stigma_policy.review_on, POLICY_DAYS
    if (too_old := engagement_ends(said)) is not None:
        yield "reminder.engagement", too_old, POLICY_DAYS
    if said.sustainability is not None:
        yield "reminder.funding", said.sustainability.until, FUNDING_DAYS


def _of_origin(row: Request, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """Only while it waits. A seat of the committee hears of it as the committee."""
    dataset, origin = snapshot.get(Dataset, row.dataset), row.origin
    if dataset is None or origin is None or not origin.sides or row.state is not State.SUBMITTED:
        return
    mark, committee = _mark(origin.until, ORIGIN_DAYS, now), f"committee:{dataset.committee}"
    if mark == 0 and origin.standing(now) is Standing.SILENT:
        about = row.review or row.id
        whom = [Told(to=role_box(role, committee), about=about, but=(row.person,)) for role in _DESK]
        for to in whom:
            yield Reminding(key=f"{row.id} {origin.until} {to.to}", what="reminder.silence", to=to)
    elif mark:
        for side in sorted(origin.silent()):
            seated = Told(to=role_box("committee_member", committee), about=row.review or row.id, but=(row.person,))
            authority = Told(to=role_box(AUTHORITY, side), about=side.removeprefix(COMMUNITY), but=(row.person,))
            to = authority if side.startswith(COMMUNITY) else seated
            yield Reminding(key=f"{row.id} {origin.until} {mark} {side}", what="reminder.origin", to=to)


def of_finding(row: ResultReport, snapshot: Snapshot, now: Seconds) -> Iterator[Reminding]:
    """Of a finding about a participant that waits since two weeks or four; whoever's turn it is."""
    mark = next((days for days in FINDING_DAYS if now >= row.reported + days * _DAY), None)
    if mark is not None:
        for to in whose_turn(row, snapshot):
            key = f"{row.id} {row.stage.value} {mark} {to.to}"
            yield Reminding(key=key, what="reminder.finding", to=to)


def _mark(due: Seconds | None, days: tuple[int, ...], now: Seconds) -> int | None:
    """The last of the marks that has come; 0: it is due."""
    return next((each for each in days if due is not None and due - each * _DAY <= now), None)
