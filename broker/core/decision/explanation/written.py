"""An explanation as plain JSON, before any words: what is kept with the decision, and shown years later as it was.

Two records: what the researcher may know (EXPLAIN section 2), and what the committee may, with the true codes and
never a participant. `texts.py` puts the words to them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.consent.public import LEFT_OUT, PER_SUBJECT
from broker.core.decision.case import Case
from broker.core.decision.explanation.challenge import Challenge
from broker.core.decision.explanation.facts import Fact, holds_up, not_matched, read_by
from broker.core.decision.explanation.grounds import answered_by, law, proportionality
from broker.core.decision.explanation.helping import Change
from broker.core.decision.explanation.people import about_people, banded
from broker.core.decision.explanation.steps import Step
from broker.core.decision.question import Decision, Question
from broker.core.drs.identifiers import encode
from broker.core.duo.ontology import Ontology, named
from broker.core.outcome import Gate, GateResult, Norm, Outcome, Reason
from broker.core.plain import plain
from broker.core.purpose import Modality, Purpose
from broker.core.reasons import REASONS
from broker.core.time import rfc3339

STATES: Mapping[Outcome, str] = {
    Outcome.PERMIT: "pass",
    Outcome.PERMIT_WITH_OBLIGATIONS: "pass",
    Outcome.PENDING: "hold",
    Outcome.REFER: "hold",
    Outcome.ALTERNATIVE: "fail",
    Outcome.DENY: "fail",
}
"""A gate for the committee: open, waiting for somebody, or shut."""

VARIANTS = "/ga4gh/htsget/v1/variants"
"""Where files are asked for out of which participants can be taken."""

Rungs = Mapping[Modality, tuple[Outcome, tuple[str, ...]]]
"""Every way of access: its outcome and the codes that decided."""


def asked(question: Question, decision: Decision) -> dict[str, Any]:
    """What was asked, without who asked."""
    told: dict[str, Any] = {"modality": str(question.modality), "dataset": question.dataset, "stage": question.stage}
    if question.object is not None:
        told["object"] = question.object
    if decision.purpose is not None:
        told["purpose"] = sorted(str(kind) for kind in decision.purpose.named_kinds)
        if question.stage == "foresee" and (each := asked_of_each(decision.purpose)):
            told["asked_of_participants"] = list(each)
    return told


def asked_of_each(purpose: Purpose) -> tuple[str, ...]:
    """What of `purpose` hangs on each participant's own answer. A forecast touches nobody's record, and so says it."""
    asks = {
        "purpose.ai_use": purpose.ai_use not in {None, "none"},
        "purpose.linkage": purpose.linkage is True,
        "purpose.recontact": purpose.recontact is True,
    }
    return tuple(name for name, is_asked in asks.items() if is_asked)


def ladder(rungs: Rungs) -> dict[str, Any]:
    return {str(way): {"outcome": outcome.name, "codes": list(codes)} for way, (outcome, codes) in rungs.items()}


def why(reason: Reason, gate: Gate, outcome: Outcome, case: Case) -> dict[str, Any]:
    """One reason: whose interest, which rule in which version of which law, which facts from where, and who answers.

    `outcome`: what its gate comes to.
    """
    said = bare(reason, gate)
    if said["norm"] is not None:
        said["norm"]["law"] = law(reason.norm, case)
    return {
        **said,
        "facts": [fact(one) for one in read_by(reason, gate, case)],
        "not_matched": list(not_matched(reason, case)),
        "proportionality": proportionality(reason, case),
        "answered_by": answered_by(reason, gate, outcome, case),
    }


def bare(reason: Reason, gate: Gate) -> dict[str, Any]:
    """One reason, without what only its case can tell."""
    said = {"code": reason.code, "gate": str(gate), "interest": REASONS[reason.code].interest}
    known: dict[str, Any] = {"norm": norm(reason.norm), "facts": [], "not_matched": [], "slots": dict(reason.facts)}
    return {**said, **known, "proportionality": None, "answered_by": None}


def norm(rule: Norm | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"pack": rule.source, "version": rule.version, "rule": rule.rule, "cite": rule.cite, "law": None}


def fact(one: Fact) -> dict[str, Any]:
    told = {"name": one.name, "value": plain(one.value), "origin": one.source}
    return told | ({"checked": rfc3339(one.at)} if one.at is not None else {})


def you_can(
    question: Question, filtered: Outcome | None, ways: Iterable[tuple[Modality, Outcome]]
) -> list[dict[str, Any]]:
    """What may be done instead. `filtered`: what the same file gives without those who must be left out (htsget)."""
    told = [_way(way, outcome, "/api/v1/requests") for way, outcome in ways]
    if filtered is None or question.modality is not Modality.DOWNLOAD:
        return told
    link = f"{VARIANTS}/{encode(question.object or '')}"
    return [{**_way(Modality.DOWNLOAD, filtered, link), "filtered": True}, *told]


def _way(way: Modality, outcome: Outcome, link: str) -> dict[str, Any]:
    return {"modality": str(way), "result": outcome.name, "link": link}


def helps(changes: Iterable[Change], ontology: Ontology) -> list[dict[str, Any]]:
    """The first step in the change itself; steps that are needed besides in `and`."""
    told = [(change, [_step(one, ontology) for one in change.steps]) for change in changes]
    return [{**steps[0], "and": steps[1:], "result": change.outcome.name} for change, steps in told]


def _step(step: Step, ontology: Ontology) -> dict[str, Any]:
    """`named`: what people call the diseases whose codes are the value."""
    told = {"fact": step.fact, step.how: plain(step.value), "by": step.by}
    if step.fact != "purpose.diseases" or not isinstance(step.value, tuple):
        return told
    return told | {"named": [named(ontology, one) for one in step.value]}


def against(found: Challenge) -> dict[str, Any]:
    """`facts` and `merits`: whom to write to; None: not possible. `until`: the last moment for `merits`."""
    return {
        "facts": found.contact,
        "merits": found.contact if found.appeal == "merits" else None,
        "appeal": found.appeal,
        "until": rfc3339(found.until) if found.until is not None else None,
        "outside": [{"who": key} for key in found.outside],
    }


def gates(results: Iterable[GateResult], question: Question, case: Case | None) -> list[dict[str, Any]]:
    """Every gate for the committee. `case`: None where it is told of a permit of long ago."""
    return [_gate(one, question, case) for one in results]


def _gate(gate: GateResult, question: Question, case: Case | None) -> dict[str, Any]:
    people = about_people(gate, question)
    reasons = [_counted(one) for one in gate.reasons] if people else list(gate.reasons)
    if case is not None and not gate.outcome.permits:
        reasons = [one for one in reasons if holds_up(one, case)]
    told = [
        bare(one, gate.gate) if people or case is None else why(one, gate.gate, gate.outcome, case) for one in reasons
    ]
    return {
        "gate": str(gate.gate),
        "state": STATES[gate.outcome],
        "outcome": gate.outcome.name,
        "why": told,
        "obligations": list(gate.obligations),
        "missing": list(gate.missing),
    }


_OF_CERTIFICATE = {("CON-CERTIFICATE-OPEN", "because")}
"""What the certificate says, which is the same whoever the participants are."""


def _counted(reason: Reason) -> Reason:
    """A participant's code with a band in place of the number; nothing else that would tell one from another."""
    if reason.code not in PER_SUBJECT and reason.code != LEFT_OUT:
        return Reason(code=reason.code, norm=reason.norm)
    said = dict(reason.facts)
    kept = [(name, told) for name, told in reason.facts if (reason.code, name) in _OF_CERTIFICATE]
    counted = [("n", banded(said["n"]))] if "n" in said else []
    return Reason(code=reason.code, facts=(*kept, *counted), norm=reason.norm)
