"""How a decision is kept: its whole trace as a row of its own, its digest in the log's leaf (ruling 12)."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from broker.core.audit.entry import Value
from broker.core.consent.exclusion import Exclusion
from broker.core.decision import Decision, Explanation, Question
from broker.core.decision.explain import left_out_of
from broker.core.decision.explanation import views
from broker.core.decision.explanation.people import named, public_codes
from broker.core.decision.explanation.texts import dressed
from broker.core.decision.names import renamed, renamed_answer
from broker.core.decision.version import RULES
from broker.core.ids import DecisionId, ObjectId, SubjectRef
from broker.core.oidc.introspect import Permission
from broker.core.oidc.release import MintedVisa
from broker.core.outcome import Outcome
from broker.core.passport.left_out import MOST, LeftOut
from broker.core.plain import canonical, digest, plain
from broker.core.reasons import sentence
from broker.core.reasons.language import ENGLISH, Language
from broker.core.rows import Person, Put, Trace
from broker.core.snapshot import Snapshot
from broker.flows.world import World


def trace(
    w: World,
    person: Person,
    id: DecisionId,
    question: Question,
    decision: Decision,
    explanation: Explanation | None,
    snapshot: Snapshot,
    unread: Sequence[LeftOut] = (),
    ground: str | None = None,
    told_to: str | None = None,
    left_out: Exclusion | None = None,
) -> Put:
    """The row that lets the decision be replayed: the question, the facts, every gate, what was said.

    What names `person`, whose question it was, lies under their key. `unread`: visas that came with the question
    and were none of a trusted issuer. They are named as those that were verified and dropped: fifty of them at
    most, and how many there were. `ground`: what a member of the committee wrote, where one decided. `told_to`: the
    repository that asked, if one did. `left_out`: of whom the grant says that it leaves them out, where the decision
    made one.
    """
    hidden = partial(w.names.hide, person.log_key)
    body = written(hidden, question, decision, explanation, snapshot)
    refused = (*unread, *decision.dropped)
    if ground is not None:
        body = {**body, "human": {"by": "committee", "reasons_text": ground}}
    if left_out is not None:
        body = {**body, "exclusion": plain(left_out)}
    if refused:
        body = {**body, "left_out": told_left_out(refused)}
    if told_to is not None:
        body = {**body, "told_to": told_to}
    return kept(id, question, body)


def trace_again(id: DecisionId, first: DecisionId, question: Question, decision: Decision, snapshot: Snapshot) -> Put:
    """The same question once more, with the ticket that `first` gave: only what is not the same is kept."""
    body = {
        "again": first,
        "access": question.access,
        "generation": snapshot.generation,
        "versions": _versions(snapshot),
        "outcome": decision.outcome,
        "answer": said_digest(decision),
    }
    return kept(id, question, body)


def trace_beside(id: DecisionId, first: DecisionId, question: Question, decision: Decision, snapshot: Snapshot) -> Put:
    """The question of `first`, asked at the same moment about another object: only what is not the same is kept."""
    body = {
        "again": first,
        "access": question.access,
        "dataset": question.dataset,
        "object": question.object,
        "generation": snapshot.generation,
        "versions": _versions(snapshot),
        "outcome": decision.outcome,
        "answer": said_digest(decision),
    }
    return kept(id, question, body)


def written(
    hidden: Callable[[str], str],
    question: Question,
    decision: Decision,
    explanation: Explanation | None,
    snapshot: Snapshot,
) -> dict[str, Any]:
    """All of a trace that follows from the question and the picture: what a replay writes again and compares."""
    body: dict[str, Any] = {
        **asked_of(hidden, question, snapshot),
        "decision": _without_people(renamed_answer(decision, snapshot.own.iss, hidden)),
        "explanation": dressed(explanation.record) if explanation is not None else None,
    }
    if explanation is not None:
        body["committee"] = dressed(explanation.committee)
    if people := left_out_of(question, decision, snapshot):
        body["people"] = {named(ref, question.dataset, question.at): code for ref, code in people.items()}
    if decision.excluded:
        body["excluded"] = {"count": len(decision.excluded), "digest": exclusion_digest(decision.excluded)}
    return body


def asked_of(hidden: Callable[[str], str], question: Question, snapshot: Snapshot) -> dict[str, Any]:
    """The question, the picture that it was asked of, and the texts on which that stood."""
    return {
        "question": renamed(question, snapshot.own.iss, hidden),
        "generation": snapshot.generation,
        "versions": _versions(snapshot),
    }


def kept(id: DecisionId, question: Question, body: Mapping[str, Any]) -> Put:
    """The row, encoded once: it is on the way of every download."""
    encoded = canonical(Trace(id=id, at=question.at, person=question.person, body=body))
    plain_body = json.loads(encoded)["body"]
    return Put(Trace(id=id, at=question.at, person=question.person, body=plain_body), encoded)


def said_digest(decision: Decision) -> str:
    """The digest of what was answered, gate by gate, without who asked."""
    gates = [
        [one.gate, one.outcome, one.until, one.obligations, [[reason.code, reason.facts] for reason in one.reasons]]
        for one in decision.gates
    ]
    return digest([decision.outcome, decision.grant, gates, exclusion_digest(decision.excluded)])


def _versions(snapshot: Snapshot) -> dict[str, str]:
    stands_on = snapshot.stands_on
    return {"code": RULES, "rules": stands_on.rules, "ontology": stands_on.ontology, "own": stands_on.own}


def _without_people(decision: Decision) -> Decision:
    """Participants who are left out are told by a digest of all of them: there may be a hundred thousand."""
    gates = tuple([replace(one, excluded=frozenset()) if one.excluded else one for one in decision.gates])
    return replace(decision, dropped=(), excluded=frozenset(), gates=gates)


@lru_cache(maxsize=64)
def exclusion_digest(people: frozenset[SubjectRef]) -> str:
    """Which participants are left out, without saying who: equal for equal lists."""
    return digest(people)


def about(
    id: DecisionId, put: Put, decision: Decision, question: Question, explanation: Explanation | None
) -> dict[str, Value]:
    """What the entry says of a decision. Whom it was about may read it, so it has what they were told.

    `explanation`: None only for a permit. The true outcome and codes of participants' consents are in the
    trace, for the auditor (ruling 10).
    """
    said: dict[str, Value] = {
        "decision": id,
        "outcome": (decision if explanation is None else explanation).outcome.name,
        "reasons": public_codes(decision, question),
        "dataset": question.dataset,
        "modality": str(question.modality),
        "trace": put.digest,
    }
    if question.object is not None:
        said["object"] = question.object
    if decision.grant is not None:
        said["grant"] = decision.grant
    return said


def decided(given: Iterable[MintedVisa | Permission]) -> tuple[Put, ...]:
    """Why these visas could be minted, or these grants told: to be recorded with what hands them out."""
    return tuple(one.decided for one in given if isinstance(one.decided, Put))


def decisions_of(why: Sequence[Put]) -> dict[str, Value]:
    """What the entry says of them."""
    return {"decisions": tuple(put.row.id for put in why)} if why else {}


def about_nothing(id: DecisionId, put: Put, object: ObjectId) -> dict[str, Value]:
    """What the entry says where nothing may be known to be: the same for what is hidden and for what is not there."""
    return {
        "decision": id,
        "outcome": Outcome.DENY.name,
        "reasons": ("REQ-NOT-FOUND",),
        "object": object,
        "trace": put.digest,
    }


def explained(
    id: DecisionId, explanation: Explanation, language: Language = ENGLISH, ground: str | None = None
) -> dict[str, Any]:
    """An explanation in words, as the researcher's answer and the pages show it (schemas/explanation.schema.json)."""
    return {"decision_id": id, **dressed(_with(explanation.record, ground), language)}


def explained_to_committee(
    id: DecisionId, explanation: Explanation, language: Language = ENGLISH, ground: str | None = None
) -> dict[str, Any]:
    """The same as whoever decides reads it: what GET /decisions/{id} tells the committee, made now."""
    body = {"explanation": explanation.record, "committee": _with(explanation.committee, ground)}
    return views.committee(id, body, language)


def _with(record: Mapping[str, Any], ground: str | None) -> Mapping[str, Any]:
    """`record` and, where a person decided too, what they wrote."""
    if ground is None:
        return record
    return {**record, "human": {"by": "committee", "reasons_text": ground}}


def told_left_out(refused: Sequence[LeftOut], language: Language = ENGLISH) -> dict[str, Any]:
    """Visas that did not count, for the record and for who sent them: codes and sentences of ours."""
    return {
        "count": len(refused),
        "visas": [
            {
                "code": one.reason.code,
                "sentence": sentence(one.reason.code, dict(one.reason.facts), language),
                "facts": dict(one.reason.facts),
                "iss": one.iss,
                "type": one.type,
                "digest": one.digest,
            }
            for one in refused[:MOST]
        ],
    }
