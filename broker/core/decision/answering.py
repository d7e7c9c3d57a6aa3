"""Who may answer which open question, and what their answer becomes: a finding (rulings 1 and 2)."""

from collections.abc import Mapping

from broker.core.decision.case import Case, case_of
from broker.core.decision.findings import inputs_digest
from broker.core.decision.gates import GATES
from broker.core.decision.question import Question
from broker.core.decision.weighing import weighed
from broker.core.ids import PersonId
from broker.core.outcome import Gate, Outcome
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds

ANSWERABLE: Mapping[str, tuple[str, ...]] = {
    "committee_member": ("DUO-", "PUR-DUAL-USE"),
    "legal_officer": ("JUR-",),
    "ethics_committee": ("CON-SILENT", "CON-METHODS-UNCLEAR"),
}
"""Who may answer which open question (ruling 1), by role and beginning of the code. Nobody answers a DENY."""

_LONGEST = 90 * 24 * 3600
"""How long a pack's `refer` may be answered for, in seconds (ruling 1)."""


def findings_for(
    question: Question, snapshot: Snapshot, answers: Mapping[str, str], role: str, by: PersonId
) -> tuple[Finding, ...]:
    """The findings that `answers` (code -> ground) make: for questions that are open, and that `role` may answer.

    Anything else among the answers makes nothing; the question simply stays open.
    """
    case = case_of(question, None, weighed(question, snapshot), snapshot)
    families = ANSWERABLE.get(role, ())
    made: list[Finding] = []
    for gate in GATES:
        result = gate(case)
        if result.outcome is not Outcome.REFER:
            continue
        asked = dict.fromkeys(reason.code for reason in result.reasons)
        given = [code for code in asked if answers.get(code, "").strip() and code.startswith(families)]
        made += [_finding(case, result.gate, code, role, by, answers[code]) for code in given]
    return tuple(made)


def _finding(case: Case, gate: Gate, code: str, role: str, by: PersonId, ground: str) -> Finding:
    at = case.question.at
    return Finding(
        gate=gate,
        code=code,
        dataset=case.question.dataset,
        project=case.purpose.project if case.purpose is not None else None,
        role=role,
        person=by,
        ground=ground,
        begins=at,
        ends=Seconds(at + _LONGEST) if code.startswith("JUR-") else FOREVER,
        inputs=inputs_digest(case, gate),
    )
