"""What does each of those who may ask read of a decision of long ago? Made from its trace, and from nothing else.

Rules, packs and sentences may have changed since: what was told is kept with the decision (ruling 12). A permit is
explained on demand, from the gates' answers in the trace (ruling 11).
"""

from collections.abc import Collection, Mapping
from typing import Any

from broker.core.decision.answerers import may_answer
from broker.core.decision.explanation import written
from broker.core.decision.explanation.people import (
    FOR_COMMITTEES,
    UNSTATED,
    for_committee,
    named,
    public,
    public_telling,
)
from broker.core.decision.explanation.texts import dressed, for_participant
from broker.core.decision.explanation.written import STATES
from broker.core.decision.gates.jurisdiction import EXAMPLE
from broker.core.decision.question import Decision, Question
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Gate, Outcome, Reason
from broker.core.plain import canonical
from broker.core.reasons.language import Language, Tongue
from broker.core.time import Seconds, rfc3339
from broker.core.typed import typed

Body = Mapping[str, Any]
_UNSTATED = tuple(one.code for one in UNSTATED)
_SHOWN = 3


def researcher(id: str, body: Body, language: Language) -> dict[str, Any] | None:
    """As it was told to whoever asked. None: they may not know that there is such a thing at all."""
    kept = body.get("explanation")
    if kept is None and not permitted(body):
        return None
    return {"decision_id": id, **dressed(_human(kept if kept is not None else _of_permit(body), body), language)}


def committee(id: str, body: Body, language: Language) -> dict[str, Any]:
    """Every gate; of participants what the committee can answer, and one code for all else (ruling 10).

    `why` is what the gates say that do not pass: the same codes and outcomes in both places.
    """
    record = masked(_record(body), body)
    return {"decision_id": id, **dressed(_human({**record, "why": _strictest(record)}, body), language)}


def _strictest(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The reasons of the gates that stand in the way, the strictest first, each once; of a yes, those of the yes."""
    shut = [one for one in record.get("gates", ()) if one["state"] != STATES[Outcome.PERMIT]]
    ordered = sorted(shut, key=lambda one: -Outcome[one["outcome"]])
    said: dict[bytes, Mapping[str, Any]] = {}
    for one in (one for gate in ordered for one in gate["why"]):
        said.setdefault(canonical([one["code"], one["slots"], one["norm"]]), one)
    return list(said.values())[:_SHOWN] or list(record["why"])


def answerer(id: str, body: Body, roles: Collection[str], language: Language) -> dict[str, Any] | None:
    """The open questions that one of `roles` answers, and what bears on them: nothing else of the decision.

    Who is left out, or whether anybody is, bears on none of them, and makes no difference here. None: no such question.
    """
    record = masked(_record(body), body)
    gates = [found for one in record.get("gates", ()) if (found := _open_to(roles, one)) is not None]
    if not gates:
        return None
    law = any(one["gate"] == Gate.JURISDICTION for one in gates)
    told = {
        **record, "outcome": Outcome.REFER.name, "why": [], "why_not": {}, "you_can": [], "change_that_would_help": [],
        "obligations": [], "missing": [], "gates": gates, "facts": record["facts"] if law else [],
    }  # fmt: skip
    return {"decision_id": id, **dressed(told, language)}


def _open_to(roles: Collection[str], gate: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The gate with the questions alone that one of `roles` answers; None, if it has none."""
    why = [one for one in gate["why"] if _asks(gate, one, roles)]
    if gate["state"] == STATES[Outcome.PERMIT] or not why:
        return None
    missing = gate["missing"] if gate["gate"] == Gate.JURISDICTION else []
    asked = {"state": STATES[Outcome.REFER], "outcome": Outcome.REFER.name}
    return {**gate, **asked, "why": why, "obligations": [], "missing": missing}


def _asks(gate: Mapping[str, Any], one: Mapping[str, Any], roles: Collection[str]) -> bool:
    """Is it a question, and no refusal, and one of `roles` answers it? Of consents the code alone says so."""
    if gate["gate"] == Gate.CONSENT:
        return any(may_answer(role, one["code"]) for role in roles)
    open_to = one["answered_by"]
    return open_to is not None and open_to["by"] == "finding" and not set(roles).isdisjoint(open_to["roles"])


def custodian(id: str, body: Body, language: Language) -> dict[str, Any]:
    """The same with the true codes, and never a participant: the rest is in the trace."""
    return {"decision_id": id, **dressed(_human(_record(body), body), language)}


def participant(id: str, body: Body, ref: SubjectRef, language: Language) -> dict[str, Any]:
    """What happened to the data of the participant `ref`: no code, no rule, no other person."""
    tongue, at = Tongue(language), rfc3339(Seconds(body["question"]["at"]))
    own = _own(body, ref)
    told = (body.get("explanation") or {}).get("outcome") or Outcome(body["decision"]["outcome"]).name
    example = list(EXAMPLE) in [list(each) for each in body["decision"]["read"]]
    text = for_participant(at, told, own, tongue, example=example)
    notes = {"language": language.tag, "reviewed": tongue.reviewed and not tongue.stale}
    return {"decision_id": id, "at": at, "left_out": own is not None, "audience_texts": {"subject": text}, **notes}


def _record(body: Body) -> Mapping[str, Any]:
    kept = body.get("committee")
    return kept if kept is not None else _for_committee(body)


def masked(record: Mapping[str, Any], body: Body) -> Mapping[str, Any]:
    """`record` without what single participants did: nothing in it tells a withdrawal from a pause."""
    if record["asked"]["stage"] == "foresee":
        return record
    said, told = body["explanation"] or {}, dict(record)
    gates = [_masked(one) if one["gate"] == Gate.CONSENT else one for one in record.get("gates", ())]
    hides = any(one["gate"] == Gate.CONSENT and one["outcome"] == Outcome.DENY.name for one in gates)
    if "gates" in record:
        told["gates"] = gates
    if hides and "outcome" in said:
        told["outcome"] = said["outcome"]
    rungs = said.get("why_not", {})
    told["why_not"] = {way: _rung(one, rungs.get(way, one)) for way, one in record["why_not"].items()}
    return told


def _masked(gate: Mapping[str, Any]) -> dict[str, Any]:
    """The consent gate: what the committee can answer, and that somebody is left out. Else it is shut."""
    told = for_committee(one["code"] for one in gate["why"])
    shown = {one["code"]: one for one in gate["why"] if one["code"] in told}
    why = [shown.get(code) or written.bare(Reason(code=code), Gate.CONSENT) for code in told]
    if gate["state"] == "pass" or FOR_COMMITTEES & set(told) or told == _UNSTATED:
        return {**gate, "why": why}
    return {**gate, "why": why, "state": "fail", "outcome": Outcome.DENY.name}


def _rung(rung: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """A way of access; its outcome as the researcher is told it, where nobody but a participant can move it."""
    codes = for_committee(rung["codes"])
    as_it_is = codes == tuple(rung["codes"]) or FOR_COMMITTEES & set(codes)
    return {"outcome": (rung if as_it_is else said)["outcome"], "codes": list(codes)}


def _own(body: Body, ref: SubjectRef) -> str | None:
    """The code by which the participant's own consent left them out."""
    asked, codes = body["question"], body.get("people", {})
    found = codes.get(named(ref, DatasetId(asked["dataset"]), Seconds(asked["at"]))) if codes else None
    return None if found is None else str(found)


def _human(record: Mapping[str, Any], body: Body) -> Mapping[str, Any]:
    """`record` and, where a person decided too, what they wrote."""
    return {**record, "human": body["human"]} if "human" in body else record


def of_one(body: Body) -> bool:
    """Is it a decision about one dataset, and not a pre-check of many?"""
    return "decision" in body


def concerns(body: Body, ref: SubjectRef, *, among: bool) -> bool:
    """May the participant `ref` know of it? Their own no, and uses of their data; no refusal on other grounds.

    `among`: are data of theirs in what was asked for?
    """
    if _own(body, ref) is not None:
        return True
    return among and permitted(body) and body["question"]["stage"] != "foresee"


def permitted(body: Body) -> bool:
    """Was the use allowed? A pre-check of many datasets is no decision about any of them."""
    return of_one(body) and Outcome(body["decision"]["outcome"]).permits


def _of_permit(body: Body) -> dict[str, Any]:
    question, decision = typed(Question, body["question"]), typed(Decision, body["decision"])
    told = [(gate.gate, one) for gate in public_telling(decision, question) for one in public(gate, question)]
    why = [written.bare(one, gate) for gate, one in told[:_SHOWN]]
    return {**_shared(question, decision), "why": why, "why_not": {}}


def _for_committee(body: Body) -> dict[str, Any]:
    question, decision = typed(Question, body["question"]), typed(Decision, body["decision"])
    facts = [{"name": name, "value": value, "origin": "record"} for name, value in sorted(decision.facts.items())]
    gates = written.gates(decision.gates, question, None)
    return {**_shared(question, decision), "why": [], "why_not": {}, "gates": gates, "facts": facts}


def _shared(question: Question, decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome.name,
        "at": rfc3339(question.at),
        "known_at": rfc3339(question.known_at),
        "asked": written.asked(question, decision),
        "you_can": [],
        "change_that_would_help": [],
        "obligations": list(decision.obligations),
        "missing": [],
        "challenge": {"facts": None, "merits": None, "appeal": "facts", "until": None, "outside": []},
        "example_policy": EXAMPLE in decision.read,
    }
