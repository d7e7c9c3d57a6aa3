"""A participant withdraws. The new version is on record, and in force, before they are told that it is.

Then what it reached is counted and kept, so that their receipt says the same ten years later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from broker.core.access.states import State
from broker.core.audit.entry import Value
from broker.core.consent.choices import voice, waits
from broker.core.consent.model import ApprovedLimit, ConsentVersion, MadeBy, Withdrawal, WithdrawalKind
from broker.core.consent.receipt import UNKNOWN_THINGS, Reached
from broker.core.consent.standing import WIDEST_FIRST, furthest
from broker.core.consent.withdrawal import CONSEQUENCES, effects
from broker.core.consent.writing import version_hash
from broker.core.ids import DatasetId, ReceiptId, SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow, ConsentTemplate, Delivery, DrsObject, Grant, Put, WithdrawalReceipt
from broker.core.rows.consents import consent_row_id, template_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import Caller, World

KINDS: tuple[WithdrawalKind, ...] = ("no_further_contact", "no_further_access", "no_further_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What the participant is told: which consents ended, when, the receipt of the record, and what it reached."""

    kind: WithdrawalKind
    consents: tuple[str, ...]
    at: Seconds
    receipt: ReceiptId
    reached: tuple[Reached, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a withdrawal would do to one kind of thing, if there is any. `paragraphs`: where they were told of it."""

    thing: str
    code: str
    within: Seconds
    paragraphs: tuple[str, ...]


def foreseen(
    snapshot: Snapshot, caller: Caller, now: Seconds, consent_id: str | None = None
) -> Mapping[WithdrawalKind, tuple[Foreseen, ...]] | Reason:
    """What each kind of withdrawal that is still possible would do, said before: of several consents what is worse.

    Empty: all that there is to take back was taken back.
    """
    subject = caller.person.subject
    if subject is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "participant"),))
    found = _meant(snapshot, subject, consent_id, now)
    if not found:
        return Reason(code="REQ-NOT-FOUND")
    reached = {kind: [row for row in found if _takes_more(snapshot, row, kind, now)] for kind in KINDS}
    if any(waits(_newest(snapshot, row), now) for row in found):
        reached = {"no_further_use": reached["no_further_use"]}
    return {kind: _foreseen(kind, rows, snapshot) for kind, rows in reached.items() if rows}


def _foreseen(kind: WithdrawalKind, rows: Iterable[ConsentRow], snapshot: Snapshot) -> tuple[Foreseen, ...]:
    limits = tuple(dict.fromkeys(limit for row in rows for limit in _limits(row.consent, snapshot)))
    meant = Withdrawal(kind=kind, approved_limits=limits)
    codes = effects(meant, CONSEQUENCES)
    told = {thing: [one for one in meant.approved_limits if one.what == thing] for thing in codes}
    return tuple(
        Foreseen(
            thing=thing,
            code=code,
            within=CONSEQUENCES[thing].within,
            paragraphs=tuple(one.told_in_template_paragraph for one in told[thing]),
        )
        for thing, code in codes.items()
    )


async def withdraw(w: World, caller: Caller, kind: WithdrawalKind, consent_id: str | None = None) -> Withdrawn | Reason:
    """Withdraw one consent, or every one of the participant. Steps: 1 gather, 2 decide, 3 record, 4 count and tell.

    No reason is asked for, and none is kept. Who speaks for somebody names the consent. Running downloads hear of it
    before anything is counted.
    """
    # 1. Gather.
    subject = caller.person.subject
    if subject is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "participant"),))
    now, snapshot = w.clock.now(), w.snapshots.current()
    # 2. Decide: each consent ends as it is in force now. A smaller withdrawal would undo a version that waits.
    found = _meant(snapshot, subject, consent_id, now)
    if not found:
        return Reason(code="REQ-NOT-FOUND")
    if kind != "no_further_use" and any(waits(_newest(snapshot, row), now) for row in found):
        return Reason(code="REQ-STATE", facts=(("state", "not in force yet"),))
    less = [row for row in found if not _goes_further(snapshot, row, kind, now)]
    if not less:
        return Reason(code="REQ-STATE", facts=(("state", "more than this is withdrawn already"),))
    after = tuple(_successor(row, kind, now, subject, snapshot) for row in less)
    running = await _running(w, snapshot, after)
    # 3. Record.
    told: dict[str, Value] = {"withdrawal": kind, "consents": tuple(row.id for row in after)}
    entry = w.entry("consent.withdrawn", now, caller.person, told)
    await w.ledger.record(entry, *(Put(row) for row in after))
    # 4. Count and tell.
    reached = await _reached(w, snapshot, after, running, now)
    kept = WithdrawalReceipt(
        id=entry.id, subject=after[0].consent.subject_ref, at=now, consents=tuple(row.id for row in after), kind=kind,
        reached=reached,
    )  # fmt: skip
    await w.ledger.record(w.entry("consent.told", now, caller.person, {"receipt": entry.id}), Put(kept))
    return Withdrawn(kind=kind, consents=kept.consents, at=now, receipt=entry.id, reached=reached)


def _meant(snapshot: Snapshot, subject: SubjectRef, consent_id: str | None, now: Seconds) -> list[ConsentRow]:
    """Each consent that is meant, as it is in force. Who speaks for somebody speaks about one by name."""
    if consent_id is not None:
        named = _in_force(snapshot.chain(consent_id), now)
        return [row for row in named if voice(row.consent, subject, now) is not None]
    ids = dict.fromkeys(row.consent.consent_id for row in snapshot.consents(subject))
    return [row for id in ids for row in _in_force(snapshot.chain(id), now)]


def _in_force(chain: tuple[ConsentRow, ...], now: Seconds) -> list[ConsentRow]:
    """The version that is in force, or else the newest; none where neither counts."""
    begun = [row for row in chain if not waits(row.consent, now)]
    return [row for row in (*begun[-1:], *chain[-1:]) if _counts(row)][:1]


def _goes_further(snapshot: Snapshot, row: ConsentRow, kind: WithdrawalKind, now: Seconds) -> bool:
    """Is more withdrawn already? The smaller withdrawal would hide it, and could be taken back in its place."""
    before = _before(snapshot, row, now)
    return before is not None and WIDEST_FIRST.index(before) < WIDEST_FIRST.index(kind)


def _takes_more(snapshot: Snapshot, row: ConsentRow, kind: WithdrawalKind, now: Seconds) -> bool:
    """Would it take back anything that is not taken back already? What would not is offered to nobody."""
    before = _before(snapshot, row, now)
    return before is None or WIDEST_FIRST.index(kind) < WIDEST_FIRST.index(before)


def _before(snapshot: Snapshot, row: ConsentRow, now: Seconds) -> WithdrawalKind | None:
    """How far this consent is withdrawn now."""
    begun = [one.consent for one in snapshot.chain(row.consent.consent_id) if not waits(one.consent, now)]
    found = furthest(begun)
    return found[0] if found is not None else None


def _newest(snapshot: Snapshot, row: ConsentRow) -> ConsentVersion:
    return snapshot.chain(row.consent.consent_id)[-1].consent


def _counts(row: ConsentRow) -> bool:
    """Is it a record at all? What was entered in error or superseded permits nothing, and is not made to rest."""
    return row.consent.status not in ("entered_in_error", "superseded")


def _successor(row: ConsentRow, kind: WithdrawalKind, now: Seconds, by: SubjectRef, snapshot: Snapshot) -> ConsentRow:
    rests = kind == "no_further_access" and row.consent.status == "suspended"  # a pause ends by no withdrawal
    status = row.consent.status if kind == "no_further_contact" or rests else "withdrawn"
    newest = _newest(snapshot, row)
    consent = replace(
        row.consent,
        version=newest.version + 1,
        status=status,
        effective_from=now,
        recorded_at=now,
        withdrawal=Withdrawal(kind=kind, approved_limits=_limits(row.consent, snapshot)),
        signature=None,
        prev_hash=version_hash(newest),
    )
    made_by: MadeBy = "person" if by == row.consent.subject_ref else "representative"
    return replace(row, id=consent_row_id(consent), version=1, consent=consent, by=made_by)


def _limits(consent: ConsentVersion, snapshot: Snapshot) -> tuple[ApprovedLimit, ...]:
    """The limits of the form on which they agreed, as it is registered: approved, and told beforehand."""
    form = consent.template
    row = snapshot.get(ConsentTemplate, template_id(form.id, form.version)) if form is not None else None
    if form is None or row is None or row.record.template.sha256 != form.sha256:
        return ()
    return tuple(limit for limit in row.record.approved_limits if limit.applies)


def _objects(snapshot: Snapshot, rows: Iterable[ConsentRow]) -> list[DrsObject]:
    """The objects that hold these participants' data."""
    subjects = {row.consent.subject_ref for row in rows}
    datasets = _datasets(rows)
    return [one for dataset in datasets for one in snapshot.objects(dataset) if subjects & one.subjects]


def _datasets(rows: Iterable[ConsentRow]) -> list[DatasetId]:
    return sorted({dataset for row in rows for dataset in row.datasets})


async def _running(w: World, snapshot: Snapshot, rows: tuple[ConsentRow, ...]) -> int:
    """How many deliveries of their data are open now."""
    objects = {one.id for one in _objects(snapshot, rows)}
    return sum([1 async for one in w.rows.find(Delivery, "state", "open") if one.object in objects])


async def _reached(
    w: World, snapshot: Snapshot, rows: tuple[ConsentRow, ...], running: int, now: Seconds
) -> tuple[Reached, ...]:
    """What there is of each thing, from the ledger's rows. Counts alone: nobody is named."""
    datasets = _datasets(rows)
    requests = [one for dataset in datasets for one in snapshot.requests_for(dataset) if one.state is State.SUBMITTED]
    grants = [one for id in datasets async for one in w.rows.find(Grant, "dataset", id) if _lives(one, snapshot, now)]
    past = 0
    for each in _objects(snapshot, rows):
        past += sum([1 async for one in w.rows.find(Delivery, "object", each.id) if _left(one, now)])
    counts = {"request_open": len(requests), "visa_issued": len(grants), "stream_running": running, "downloaded": past}
    known = [Reached(thing=thing, count=count) for thing, count in counts.items()]
    return (*known, *(Reached(thing=thing, count=None) for thing in UNKNOWN_THINGS))


def _left(delivery: Delivery, now: Seconds) -> bool:
    """May bytes of it have left before the withdrawal? Of one whose end nobody knows they may."""
    return delivery.started <= now and delivery.state != "open" and (delivery.sent > 0 or delivery.state == "unknown")


def _lives(grant: Grant, snapshot: Snapshot, now: Seconds) -> bool:
    return grant.begins <= now < grant.ends and not snapshot.revoked("grant", grant.id, now)
