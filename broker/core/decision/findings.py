"""Answers to open questions: a REFER that who may answer it has answered counts as met, with obligations.

A finding answers exactly one code, for one dataset and project, for the inputs that were before the one who
gave it, until its date (ruling 2). Nobody answers a DENY, and no flow skips a gate because a grant exists. A finding
of a role that may not answer its code (answerers.py) is none.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from broker.core.consent.certificate import OPEN
from broker.core.consent.question import Settled
from broker.core.decision.answerers import COMMITTEE, answerer, may_answer
from broker.core.decision.case import Case
from broker.core.duo.terms import Term
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.plain import digest
from broker.core.purpose import Modality, Purpose
from broker.core.rows.access import Finding

Read = tuple[tuple[str, str], ...]
_NO_CODES: frozenset[str] = frozenset()
_NOTHING_SETTLED: frozenset[Settled] = frozenset()


def inputs_digest(
    case: Case,
    gate: Gate,
    *,
    read: Read = (),
    consent_class: str | None = None,
    keys: frozenset[str] = frozenset(),
    form: str | None = None,
    code: str | None = None,
) -> str:
    """The digest of what a finding answers: the purpose as verified, the dataset's codes, and what the gate read.

    About the law that is every fact, and the versions of the policy packs (`read`); about consents, the class of
    consents, the text of the form and the answers; where `code` is what a certificate leaves open, the certificate.
    Neither DUO nor consents are asked anew for another way of access: a milder one is no new question.
    """
    codes = case.dataset.duo if case.dataset is not None else ()
    purpose = replace(case.purpose, user=None) if case.purpose is not None else None
    if gate is Gate.JURISDICTION:
        return digest({"gate": gate, "purpose": purpose, "duo": codes, "facts": case.readings, "read": read})
    if purpose is not None:
        purpose = replace(purpose, modality=Modality.DOWNLOAD)
    if code == OPEN and case.dataset is not None:
        certificate = case.dataset.certificate
        certified = (certificate.permissions, certificate.modifiers)
        return digest({"gate": gate, "purpose": purpose, "duo": codes, "certificate": certified})
    return _digest(gate, purpose, codes, (consent_class, form), keys)


@lru_cache(maxsize=1024)
def _digest(
    gate: Gate,
    purpose: Purpose | None,
    codes: tuple[Term, ...],
    about: tuple[str | None, str | None],
    keys: frozenset[str],
) -> str:
    return digest({"gate": gate, "purpose": purpose, "duo": codes, "class": about, "keys": keys})


def answered(result: GateResult, case: Case) -> GateResult:
    """`result`, as what it comes to if every open question of it has been answered by all who must.

    If some are still open, those are told, and no longer the ones that were answered.
    """
    if result.outcome is not Outcome.REFER or not result.asks:
        return result
    live = live_findings(case, result.gate, result.read)
    still_open = tuple(reason for reason in result.asks if not met(reason.code, live))
    if still_open:
        return result if len(still_open) == len(result.asks) else _less(result, still_open, live)
    asked = {reason.code for reason in result.asks}
    used = [finding for finding in live if finding.code in asked]
    last = min(finding.ends for finding in used)
    return replace(
        result,
        outcome=result.besides,
        reasons=result.reasons if result.besides.permits else result.awaits,
        obligations=(*result.obligations, *duties(used)),
        until=min(result.until, last),
        ends=None if result.ends is None else min(result.ends, last),
    )


def _less(result: GateResult, still_open: tuple[Reason, ...], live: Iterable[Finding]) -> GateResult:
    """`result` with fewer open questions; until the first answer to the others ends."""
    gone = {reason.code for reason in result.asks} - {reason.code for reason in still_open}
    told = tuple(reason for reason in result.reasons if reason.code not in gone)
    last = min(finding.ends for finding in live if finding.code in gone)
    return replace(result, reasons=told, asks=still_open, until=min(result.until, last))


def met(code: str, live: Iterable[Finding]) -> bool:
    """Did each role that must answer `code` do so, each by another human being (`joined.by_people`)?"""
    who, given = answerer(code), [finding for finding in live if finding.code == code]
    if who is None or who.by != "finding":
        return False
    roles = {finding.role for finding in given}
    return who.roles <= roles and len({finding.person for finding in given}) >= len(who.roles)


def duties(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What the user is bound to by answers that were used."""
    return tuple(dict.fromkeys(f"keep_to_finding:{finding.code}" for finding in findings))


def live_findings(case: Case, gate: Gate, read: Read = ()) -> tuple[Finding, ...]:
    """The findings of `gate` that hold for exactly this case, now."""
    if not case.findings:
        return ()
    return tuple(finding for finding in case.findings if _fits(finding, gate, case, read))


def settled_by_ethics(live: Iterable[Finding]) -> frozenset[Settled]:
    """The open questions of classes of consents that an ethics committee answered; `live`: of the consent gate."""
    settled = [
        Settled(code=one.code, consent_class=one.consent_class, form=one.form, keys=one.keys)
        for one in live
        if one.consent_class is not None and one.form is not None
    ]
    return frozenset(settled) if settled else _NOTHING_SETTLED


def reviewed_by_committee(live: Iterable[Finding]) -> frozenset[str]:
    """The codes that the dataset's committee answered; `live`: of the gates DUO and consent."""
    codes = [one.code for one in live if one.role == COMMITTEE]
    return frozenset(codes) if codes else _NO_CODES


def _fits(finding: Finding, gate: Gate, case: Case, read: Read) -> bool:
    project = case.purpose.project if case.purpose is not None else None
    return (
        finding.gate is gate
        and may_answer(finding.role, finding.code)
        and finding.dataset == case.question.dataset
        and finding.project == project
        and finding.begins <= case.question.at < finding.ends
        and finding.inputs
        == inputs_digest(
            case,
            gate,
            read=read,
            consent_class=finding.consent_class,
            keys=finding.keys,
            form=finding.form,
            code=finding.code,
        )
    )
