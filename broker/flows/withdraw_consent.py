"""A participant withdraws. The new version is on record, and in force, before they are told that it is."""

from dataclasses import dataclass, replace

from broker.core.audit.entry import Value
from broker.core.consent.model import Withdrawal, WithdrawalKind
from broker.core.ids import ReceiptId
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow, Put
from broker.core.time import Seconds
from broker.flows.world import Caller, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What the participant is told: which consents ended, when, and the receipt of the record."""

    kind: WithdrawalKind
    consents: tuple[str, ...]
    at: Seconds
    receipt: ReceiptId


async def withdraw(w: World, caller: Caller, kind: WithdrawalKind) -> Withdrawn | Reason:
    """Withdraw every consent of the participant. Steps: 1 gather, 2 decide, 3 record, 4 tell.

    No reason is asked for, and none is kept. Running downloads hear of it before this returns.
    """
    # 1. Gather.
    subject = caller.person.subject
    if subject is None:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", "participant"),))
    now = w.clock.now()
    # 2. Decide: the newest version of each consent gets a successor.
    newest: dict[str, ConsentRow] = {}
    for row in w.snapshots.current().consents(subject):
        before = newest.get(row.consent.consent_id)
        if before is None or row.consent.version > before.consent.version:
            newest[row.consent.consent_id] = row
    if not newest:
        return Reason(code="REQ-NOT-FOUND")
    after = tuple(_successor(row, kind, now) for row in newest.values())
    # 3. Record.
    told: dict[str, Value] = {"withdrawal": kind, "consents": tuple(row.id for row in after)}
    entry = w.entry("consent.withdrawn", now, caller.person, told)
    await w.ledger.record(entry, *(Put(row) for row in after))
    # 4. Tell.
    return Withdrawn(kind=kind, consents=tuple(row.id for row in after), at=now, receipt=entry.id)


def _successor(row: ConsentRow, kind: WithdrawalKind, now: Seconds) -> ConsentRow:
    version = row.consent.version + 1
    status = row.consent.status if kind == "no_further_contact" else "withdrawn"
    limits = row.consent.withdrawal.approved_limits if row.consent.withdrawal is not None else ()
    consent = replace(
        row.consent,
        version=version,
        status=status,
        effective_from=now,
        recorded_at=now,
        withdrawal=Withdrawal(kind=kind, approved_limits=limits),
        signature=None,
    )
    return replace(row, id=f"{row.consent.consent_id}/{version}", version=1, consent=consent)
