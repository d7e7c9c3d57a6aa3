"""Answers to open questions: a REFER that who may answer it has answered counts as met, with obligations.

A finding answers exactly one code, for one dataset and project, for the inputs that were before the one who
gave it, until its date (ruling 2). Nobody answers a DENY, and no flow skips a gate because a grant exists.
"""

from dataclasses import replace

from broker.core.decision.case import Case
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.plain import digest
from broker.core.rows.access import Finding


def inputs_digest(case: Case, gate: Gate) -> str:
    """The digest of what a finding answers: the purpose as verified, the dataset's codes, and what the gate read."""
    purpose = replace(case.purpose, user=None) if case.purpose is not None else None
    codes = case.dataset.duo if case.dataset is not None else ()
    return digest({"gate": gate, "purpose": purpose, "duo": codes})


def answered(result: GateResult, case: Case) -> GateResult:
    """`result`, as a permit with obligations if every open question of it has been answered."""
    if result.outcome is not Outcome.REFER:
        return result
    live = live_findings(case, result.gate)
    if not live or not {reason.code for reason in result.reasons} <= {finding.code for finding in live}:
        return result
    return replace(
        result,
        outcome=Outcome.PERMIT_WITH_OBLIGATIONS,
        obligations=(*result.obligations, *(f"keep_to_finding:{finding.code}" for finding in live)),
        until=min(result.until, *(finding.ends for finding in live)),
    )


def live_findings(case: Case, gate: Gate) -> tuple[Finding, ...]:
    """The findings of `gate` that hold for exactly this case, now."""
    return tuple(finding for finding in case.findings if _fits(finding, gate, case))


def _fits(finding: Finding, gate: Gate, case: Case) -> bool:
    project = case.purpose.project if case.purpose is not None else None
    return (
        finding.gate is gate
        and finding.dataset == case.question.dataset
        and finding.project == project
        and finding.begins <= case.question.at < finding.ends
        and finding.inputs == inputs_digest(case, gate)
    )
