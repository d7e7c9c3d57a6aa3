"""On which law does a reason rest, what is that law for, and who may answer where it leaves a question open?

Of a policy pack its own words: the instrument, since when it holds, how sure the pack is of it and who reviewed the
pack, and, for a rule that refuses, the aim and what stays possible (HUMAN_RIGHTS section 2). Who may answer is a
matter of the code and of the rule alone where participants are concerned, so that it tells nothing of them (ruling 10).
"""

from typing import Any

from broker.core.decision.answerers import ANSWERERS, answerer
from broker.core.decision.case import Case
from broker.core.jurisdiction.pack import Pack, Rule
from broker.core.outcome import Gate, Norm, Outcome, Reason
from broker.core.time import FOREVER

_DAY = 86_400
_UNSTATED = "JUR-FACT-MISSING"
_CUSTODIAN = ANSWERERS["GOV-SAFEGUARD-MISSING"]
"""Who states whether a community governs the data: no officer's answer counts for a community."""


def law(norm: Norm | None, case: Case) -> dict[str, Any] | None:
    """The law behind a rule of a policy pack, and how far the pack is to be trusted; None for any other rule."""
    pack = _pack(norm, case)
    if pack is None:
        return None
    return {
        "title": pack.title,
        "instrument": pack.instrument,
        "status": pack.law_status,
        "since": pack.effective_from.isoformat(),
        "until": pack.effective_to.isoformat() if pack.effective_to is not None else None,
        "as_of": pack.as_of.isoformat(),
        "review": pack.status,
        "reviewed_on": pack.review.reviewed_on.isoformat() if pack.review.reviewed_on is not None else None,
        "confidence": pack.confidence,
    }


def proportionality(reason: Reason, case: Case) -> dict[str, Any] | None:
    """Why a rule that refuses may refuse: its aim, whom it protects, the milder ways, what remains.

    None where a fact is missing and the rule refused nothing yet.
    """
    rule = _rule(reason.norm, case)
    said = rule.proportionality if rule is not None else None
    if said is None or rule is None or rule.reason != reason.code:
        return None
    return {
        "aim": said.aim,
        "protects": list(said.protects),
        "alternatives": list(said.alternatives),
        "residual": said.residual,
    }


def answered_by(reason: Reason, gate: Gate, outcome: Outcome, case: Case) -> dict[str, Any] | None:
    """Who may answer an open question, and for how many days an answer holds at most; None where it is none.

    Every role in `roles` must, each by another person.
    """
    who = _CUSTODIAN if gate is Gate.COMMUNITY and reason.code == _UNSTATED else answerer(reason.code)
    if who is None or not _open(reason, gate, outcome, case):
        return None
    days = who.longest // _DAY if who.longest < FOREVER else None
    return {"by": who.by, "roles": sorted(who.roles), "days": days}


def _open(reason: Reason, gate: Gate, outcome: Outcome, case: Case) -> bool:
    """Is it a question, and no refusal? A pack's rule says so itself; a mandatory one nobody answers."""
    if gate is Gate.CONSENT:
        return True
    if gate is Gate.COMMUNITY and outcome is Outcome.PENDING:
        return True
    if gate is not Gate.JURISDICTION or outcome is not Outcome.REFER:
        return outcome is Outcome.REFER
    rule = _rule(reason.norm, case)
    if rule is None or rule.reason != reason.code:  # a fact is missing, no pack answers, or a permit is capped
        return True
    return rule.effect == "refer" and not rule.mandatory


def _pack(norm: Norm | None, case: Case) -> Pack | None:
    pack = case.snapshot.rulebook.packs.get(norm.source) if norm is not None else None
    return pack if pack is not None and norm is not None and pack.version == norm.version else None


def _rule(norm: Norm | None, case: Case) -> Rule | None:
    pack = _pack(norm, case)
    if pack is None or norm is None:
        return None
    return next((rule for rule in pack.rules if rule.id == norm.rule), None)
