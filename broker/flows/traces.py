"""How a decision is kept: its whole trace as a row of its own, its digest in the log's leaf (ruling 12)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.core.audit.entry import Value
from broker.core.decision import Decision, Explanation, Question
from broker.core.decision.explain import public
from broker.core.ids import DecisionId, ObjectId
from broker.core.outcome import Outcome
from broker.core.passport.left_out import MOST, LeftOut
from broker.core.plain import digest, plain
from broker.core.reasons import sentence
from broker.core.rows import Put, Trace
from broker.core.snapshot import Snapshot


def trace(
    id: DecisionId,
    question: Question,
    decision: Decision,
    explanation: Explanation | None,
    snapshot: Snapshot,
    unread: Sequence[LeftOut] = (),
) -> Put:
    """The row that lets the decision be replayed: the question, the facts, every gate, what was said.

    `unread`: visas that came with the question and were none of a trusted issuer. They are named as those that
    were verified and dropped: fifty of them at most, and how many there were.
    """
    refused = (*unread, *decision.dropped)
    body: Mapping[str, Any] = {
        "question": plain(replace(question, visas=(), identities=frozenset())),
        "visas": [visa.jti for visa in question.visas],
        "decision": plain(replace(decision, dropped=())),
        "explanation": explained(explanation) if explanation is not None else None,
        "generation": snapshot.generation,
    }
    if refused:
        body = {**body, "left_out": told_left_out(refused)}
    return Put(Trace(id=id, at=question.at, person=question.person, body=plain(body)))


def about(
    id: DecisionId, put: Put, decision: Decision, question: Question, explanation: Explanation | None
) -> dict[str, Value]:
    """What the entry says of a decision. Whom it was about may read it, so it has what they were told.

    `explanation`: None only for a permit. The true outcome and codes of participants' consents are in the
    trace, for the auditor (ruling 10).
    """
    codes = (reason.code for gate in decision.telling for reason in public(gate, question))
    said: dict[str, Value] = {
        "decision": id,
        "outcome": (decision if explanation is None else explanation).outcome.name,
        "reasons": tuple(dict.fromkeys(codes)),
        "dataset": question.dataset,
        "modality": str(question.modality),
        "trace": digest(put.row),
    }
    if question.object is not None:
        said["object"] = question.object
    if decision.grant is not None:
        said["grant"] = decision.grant
    return said


def about_nothing(id: DecisionId, put: Put, object: ObjectId) -> dict[str, Value]:
    """What the entry says where nothing may be known to be: the same for what is hidden and for what is not there."""
    return {
        "decision": id,
        "outcome": Outcome.DENY.name,
        "reasons": ("REQ-NOT-FOUND",),
        "object": object,
        "trace": digest(put.row),
    }


def explained(explanation: Explanation) -> dict[str, Any]:
    """An explanation as plain JSON: what the researcher's answer and the pages show."""
    return {
        "outcome": explanation.outcome.name,
        "reasons": [
            {
                "code": reason.code,
                "sentence": sentence,
                "facts": dict(reason.facts),
                "norm": plain(reason.norm) if reason.norm is not None else None,
            }
            for reason, sentence in zip(explanation.reasons, explanation.sentences, strict=False)
        ],
        "ladder": {str(way): outcome.name for way, outcome in explanation.ladder.items()},
        "you_can": [{"do": f"use modality {way}", "modality": str(way)} for way in explanation.alternatives],
        "obligations": list(explanation.obligations),
        "missing": list(explanation.missing),
        "appeal": explanation.appeal,
        "example": explanation.example,
    }


def told_left_out(refused: Sequence[LeftOut]) -> dict[str, Any]:
    """Visas that did not count, for the record and for who sent them: codes and sentences of ours."""
    return {
        "count": len(refused),
        "visas": [
            {
                "code": one.reason.code,
                "sentence": sentence(one.reason.code, dict(one.reason.facts)),
                "facts": dict(one.reason.facts),
                "iss": one.iss,
                "type": one.type,
                "digest": one.digest,
            }
            for one in refused[:MOST]
        ],
    }
