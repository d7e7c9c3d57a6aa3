"""How a decision is told over HTTP: the same explanation at every door."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from broker.core.applications import answer_due
from broker.core.decision.explanation.texts import hangs_on_people
from broker.core.decision.explanation.written import asked_of_each
from broker.core.oidc.challenge import Challenge
from broker.core.purpose import Purpose, purpose_json
from broker.core.reasons import in_general
from broker.core.reasons.language import Language
from broker.core.rows import Request
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.decide_request import NotPossible
from broker.flows.pre_check import PreCheck
from broker.flows.request_access import Foreseen
from broker.flows.traces import explained, explained_to_committee, told_left_out
from broker.flows.use_data import Refused
from broker.web.errors import Problem
from broker.web.origins import origin_json

_SHORT = ("code", "interest", "sentence", "facts", "norm")
"""What of a reason a refusal carries; the whole explanation is where `Link` points."""
_WAY = ("do", "modality", "filtered", "link")


def refused(no: Refused, language: Language) -> Problem:
    """A refusal as a problem: its strictest reason, all that may be said of the others, and the way out."""
    first = no.explanation.reasons[0]
    extra = {**in_short(explained(no.id, no.explanation, language)), "receipt": no.receipt}
    if no.left_out:
        extra["visas_left_out"] = told_left_out(no.left_out, language)
    problem = Problem(first.code, decision=no.id, extra=extra, **dict(first.facts))
    if first.code == "AUTH-STEP-UP":
        problem.challenge = _step_up(dict(first.facts))
    return problem


def not_possible(no: NotPossible, ground: str, language: Language) -> Problem:
    """A committee's yes that something above it forbids, in the committee's sentences, with the whole explanation."""
    told = explained_to_committee(no.id, no.explanation, language, ground)
    first = told["why"][0]
    extra = {**in_short(told), "detail": first["sentence"], "explanation": told}
    return Problem(first["code"], decision=no.id, extra=extra, **first["slots"])


def in_short(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a refusal itself says of a decision."""
    return {
        "outcome": told["outcome"],
        "reasons": [{name: one[name] for name in _SHORT} for one in told["why"]],
        "you_can": [{name: one[name] for name in _WAY if name in one} for one in told["you_can"]],
        "change_that_would_help": [one["say"] for one in told["change_that_would_help"]],
        "missing": told["missing"],
        "appeal": told["challenge"]["appeal"],
        "example": told["example_policy"],
    }


def _step_up(facts: dict[str, str]) -> Challenge:
    """RFC 9470 section 3: what another authorization request must ask for. Methods (`amr`) have no word there."""
    return Challenge(
        error="insufficient_user_authentication",
        description="A stronger or more recent sign-in is needed.",
        acr_values=facts.get("acr_values"),
        max_age=int(facts["max_age"]) if "max_age" in facts else None,
    )


def foreseen(found: Foreseen, language: Language) -> dict[str, Any]:
    """A pre-check's answer."""
    return {"decision": found.id, **explained(found.id, found.explanation, language)}


def pre_checked(found: PreCheck, purpose: Purpose, language: Language) -> dict[str, Any]:
    """A pre-check of many: how many of each outcome, each dataset's answer, and the sentence of each code once.

    The sentences are told of many datasets at once, and so without what is another fact for each.
    """
    permits = any(one.outcome.permits for one in found.told)
    codes = sorted({code for one in found.told for code in one.codes})
    return {
        "decision": found.id,
        "outcomes": dict(Counter(one.outcome.name for one in found.told)),
        "datasets": [
            {"dataset": one.dataset, "outcome": one.outcome.name, "codes": list(one.codes)} for one in found.told
        ],
        "sentences": {code: in_general(code, language) for code in codes},
        "notes": hangs_on_people(asked_of_each(purpose), language) if permits else [],
        "example": found.example,
    }


def request_json(row: Request, snapshot: Snapshot, now: Seconds) -> dict[str, Any]:
    """A request, as whoever may see it reads it. `due`: when its committee owes the answer."""
    due = answer_due(row, snapshot)
    return {
        "id": row.id,
        "version": row.version,
        "dataset": row.dataset,
        "state": str(row.state),
        "purpose": purpose_json(row.purpose),
        "statement": row.statement,
        "benefit": row.benefit,
        "lay": row.lay,
        "created": rfc3339(row.created),
        "due": rfc3339(due) if due is not None else None,
        "decision": row.decision or row.foresight,
        "ground": row.ground,
        "grant": row.grant,
        "origin": origin_json(row.origin, now),
    }
