"""What would other policy packs change, and for whom? Grants and requests, judged by the packs in force and by others.

Only the gate of the packs is asked, by the product's own code: what consent, committee and credentials say is not
changed by a law. Nothing is decided here, and nothing is stored.
"""

from dataclasses import dataclass, replace
from typing import Literal

from broker.core.decision.case import Case, case_of
from broker.core.decision.findings import answered
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.question import Question
from broker.core.decision.weighing import weighed
from broker.core.ids import DatasetId, Issuer, PersonId
from broker.core.jurisdiction.judge import Answer
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.outcome import GateResult, Outcome, Reason
from broker.core.rows import Grant, Request
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds

Effect = Literal["loses", "gains", "changes", "same"]
EFFECTS: tuple[Effect, ...] = ("loses", "gains", "changes", "same")
"""`loses`: a yes becomes another answer, or a no a harder one; `gains`: the other way round; `changes`: the same
answer with other obligations or other missing evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """A live grant or an open request, and the question that it puts."""

    kind: Literal["grant", "request"]
    id: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What some packs say to one question."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    obligations: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One grant, request or case under both sets of packs."""

    kind: Literal["grant", "request", "case"]
    id: str
    dataset: str
    country: str
    """Of the recipient, as the packs were told; empty if nobody knows it."""
    person: str
    institution: str
    """Whose grant or request it is, and the institution that the registry knows them by; empty where nobody knows."""
    before: Said
    after: Said

    @property
    def effect(self) -> Effect:
        """What the other packs do to it."""
        before, after = _rank(self.before), _rank(self.after)
        if after > before:
            return "loses"
        if after < before:
            return "gains"
        alike = (self.before.obligations, self.before.missing) == (self.after.obligations, self.after.missing)
        return "same" if alike else "changes"

    @property
    def why(self) -> tuple[Reason, ...]:
        """What made the difference: rules that decide under one set only, else what another version says otherwise."""
        before, after = self.before.reasons, self.after.reasons
        return _without(after, before) or _without(before, after) or tuple(one for one in after if one not in before)


def _without(reasons: tuple[Reason, ...], others: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Those whose rule is not among the others'; in which version it stands does not matter."""
    there = {_rule(one) for one in others}
    return tuple(one for one in reasons if _rule(one) not in there)


def _rule(reason: Reason) -> tuple[str, ...]:
    norm = reason.norm
    return (reason.code, norm.source, norm.rule) if norm is not None else (reason.code,)


def _rank(said: Said) -> Outcome:
    """The two permits are one yes; whether there are obligations is told apart from it."""
    return max(said.outcome, Outcome.PERMIT_WITH_OBLIGATIONS)


def is_live(grant: Grant, snapshot: Snapshot, at: Seconds) -> bool:
    """Can this grant be used at `at`, as far as its dates and revocations say?"""
    return grant.begins <= at < grant.ends and not snapshot.revoked("grant", grant.id, at)


def of_grant(grant: Grant, location: str | None, snapshot: Snapshot, at: Seconds) -> Concerned:
    """The question of a use under `grant`. `location`: where its holder was last known to be, if anywhere."""
    question = _question(grant.person, grant.dataset, snapshot, at)
    question = replace(
        question,
        affiliations=grant.affiliations,
        location=location,
        purpose=grant.purpose,
        findings=grant.findings,
        modality=grant.purpose.modality,
    )
    return Concerned(kind="grant", id=grant.id, question=question)


def of_request(request: Request, snapshot: Snapshot, at: Seconds) -> Concerned:
    """The question that the committee would put if it approved `request` now."""
    question = _question(request.person, request.dataset, snapshot, at)
    question = replace(
        question,
        affiliations=request.affiliations,
        location=request.location,
        purpose=request.purpose,
        findings=request.findings,
        modality=request.purpose.modality,
    )
    return Concerned(kind="request", id=request.id, question=question)


def _question(person: PersonId, dataset: DatasetId, snapshot: Snapshot, at: Seconds) -> Question:
    identities = frozenset({(Issuer(snapshot.own.iss), str(person))})
    return Question(stage="approve", at=at, known_at=at, person=person, identities=identities, dataset=dataset)


def difference(concerned: Concerned, before: Snapshot, rules: Rulebook) -> Difference:
    """What `rules` would say in place of the packs of `before`."""
    said, case = _said(concerned.question, before)
    would, _ = _said(concerned.question, replace(before, rulebook=rules))
    return Difference(
        kind=concerned.kind,
        id=concerned.id,
        dataset=concerned.question.dataset,
        country=str(case.facts.get("recipient.country", "")),
        person=concerned.question.person or "",
        institution=case.organisation.id if case.organisation is not None else "",
        before=said,
        after=would,
    )


def _said(question: Question, snapshot: Snapshot) -> tuple[Said, Case]:
    case = case_of(question, None, weighed(question, snapshot), snapshot)
    return of_gate(answered(jurisdiction(case), case)), case


def of_gate(result: GateResult) -> Said:
    """What the gate of the packs said."""
    return Said(
        outcome=result.outcome,
        reasons=result.reasons,
        obligations=tuple(sorted(set(result.obligations))),
        missing=tuple(sorted(set(result.missing))),
    )


def of_answer(answer: Answer) -> Said:
    """What the packs said to a row of a case file."""
    return Said(
        outcome=answer.outcome,
        reasons=answer.reasons,
        obligations=answer.obligations,
        missing=(*answer.evidence, *answer.missing_facts),
    )
