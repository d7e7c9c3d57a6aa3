"""A participant's receipt: their consent, who decides about it, which rules hold, and what a withdrawal reached."""

from typing import Any

from broker.core.consent.model import ConsentVersion
from broker.core.consent.receipt import Around, Decider, receipt, withdrawal_receipt
from broker.core.consent.standing import taken_back
from broker.core.reasons.language import ENGLISH, Language
from broker.core.rows import Committee, ConsentRow, ConsentTemplate, Dataset, WithdrawalReceipt
from broker.core.rows.consents import template_id
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.choose_consent import Held
from broker.flows.world import World


async def receipt_of(w: World, held: Held, language: Language = ENGLISH) -> dict[str, Any]:
    """The receipt of the newest version. It names nobody but committees, and counts what a withdrawal reached.

    A withdrawal that was taken back is told with its days: what it had ended stays ended.
    """
    snapshot, now, row = w.snapshots.current(), w.clock.now(), held.newest
    told = receipt(held.counted, _around(w, snapshot, row, now), now, language)
    before = taken_back([one.consent for one in held.rows])
    if before:
        told["taken_back"] = [
            {"kind": kind, "at": rfc3339(since), "until": rfc3339(until)} for kind, since, until in before
        ]
    withdrawal = held.counted.withdrawal
    if withdrawal is None:
        return told
    kept = await _kept(w, row)
    if kept is not None:
        lines = withdrawal_receipt(withdrawal, kept.at, kept.reached, _paragraphs(row.consent), language)
        told["withdrawal"] = {"kind": withdrawal.kind, "at": rfc3339(kept.at), "receipt": kept.id, "reached": lines}
    return told


async def _kept(w: World, row: ConsentRow) -> WithdrawalReceipt | None:
    """What was counted when this consent was withdrawn the last time; None where the source told us of it."""
    found = [
        one
        async for one in w.rows.find(WithdrawalReceipt, "subject", row.consent.subject_ref)
        if any(id.rpartition("/")[0] == row.consent.consent_id for id in one.consents)
    ]
    return max(found, key=lambda one: (one.at, one.id), default=None)


def _around(w: World, snapshot: Snapshot, row: ConsentRow, now: Seconds) -> Around:
    datasets = (snapshot.get(Dataset, id) for id in sorted(row.datasets))
    return Around(
        broker=w.issuer,
        deciders=tuple(_decider(one, snapshot) for one in datasets if one is not None),
        rules=snapshot.rulebook.at(now).read,
        withdraw=f"{w.issuer}/api/v1/me/consents/withdrawal",
        form=_form(row.consent, snapshot),
    )


def _form(version: ConsentVersion, snapshot: Snapshot) -> dict[str, str]:
    """What the registry says of the form beyond what the version says of it."""
    form = version.template
    row = snapshot.get(ConsentTemplate, template_id(form.id, form.version)) if form is not None else None
    return {"harms_and_benefits": row.record.harms_and_benefits} if row is not None else {}


def _paragraphs(version: ConsentVersion) -> dict[str, str]:
    limits = version.withdrawal.approved_limits if version.withdrawal else ()
    return {limit.what: limit.told_in_template_paragraph for limit in limits}


def _decider(dataset: Dataset, snapshot: Snapshot) -> Decider:
    """A hidden dataset is told to those whose data it holds: they have a right to know."""
    committee = snapshot.get(Committee, dataset.committee)
    return Decider(
        dataset=dataset.id,
        title=dataset.title,
        committee=committee.name if committee is not None else "",
        contact=committee.contact if committee is not None else "",
        governance=dataset.safeguards.governance or dataset.committee,
    )
