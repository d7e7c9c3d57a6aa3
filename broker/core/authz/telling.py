"""What is a repository told besides yes or no? What it needs to obey, and nothing about the person (AuthZEN 5.5).

Of a yes: under which grant, until when, and what it must do. Of a no: the codes that are about the data and the grant.
What is about the person (their conduct, the security of their institution) stays with them: they read the whole
explanation at the decision. Who is left out of the data is told by pseudonyms that the repository gave us itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.decision import Decision, Question
from broker.core.decision.explanation.people import public, public_telling
from broker.core.ids import DecisionId, SubjectRef
from broker.core.outcome import Gate
from broker.core.reasons import title
from broker.core.rows import Grant
from broker.core.snapshot import Snapshot
from broker.core.time import FOREVER, Seconds, rfc3339

ABOUT_THE_PERSON = frozenset({Gate.CONDUCT, Gate.SECURITY})
_PERSONAL = ("OPS-", "SEC-", "AUTH-TRAINING-")
"""Families of codes that say the same at whatever gate they come up (packs ask for security too)."""
PRIVATE = "ASK-PRIVATE"
LEAVE_OUT = "leave-out"
MOST_NAMED = 5_000
"""Participants that an answer names; where more are left out, objects are asked about one by one."""


def told(
    id: DecisionId,
    question: Question,
    decision: Decision,
    excluded: Iterable[SubjectRef],
    until: Seconds,
    snapshot: Snapshot,
) -> dict[str, Any]:
    """The `context` of the answer. `excluded`: whom the repository must leave out of what it hands over."""
    said: dict[str, Any] = {
        "decision": id,
        "evaluated_at": rfc3339(question.at),
        "explanation": f"{snapshot.own.iss}/api/v1/decisions/{id}",
    }
    if not decision.permits:
        return said | {"reasons": reasons(codes(decision, question))}
    if until < FOREVER:
        said["until"] = rfc3339(until)
    if duties := _obligations(decision, sorted(excluded)):
        said["obligations"] = duties
    if decision.grant is not None:
        said["grant"] = _grant(decision.grant, snapshot)
    return said


def codes(decision: Decision, question: Question) -> tuple[str, ...]:
    """Why not, as far as a repository may know it; the strictest first, each once.

    Of somebody who holds nothing for these data it hears just that: not even whether we have met them.
    """
    found: dict[str, None] = {}
    telling = public_telling(decision, question)
    for gate in [one for one in telling if one.gate is Gate.ENTITLEMENT] or telling:
        found |= dict.fromkeys(_tellable(one.code, gate.gate) for one in public(gate, question))
    return tuple(found)


def _tellable(code: str, gate: Gate) -> str:
    return PRIVATE if gate in ABOUT_THE_PERSON or code.startswith(_PERSONAL) else code


def reasons(found: Iterable[str]) -> list[dict[str, str]]:
    """Codes with the words of the registry; no fact of the case is filled into them."""
    return [{"code": code, "text": title(code)} for code in found]


def _obligations(decision: Decision, excluded: list[SubjectRef]) -> list[dict[str, Any]]:
    """In the form of the obligations profile. A repository that cannot do one of them must say no."""
    duties: list[dict[str, Any]] = [{"id": duty, "type": "custom"} for duty in decision.obligations]
    if excluded:
        properties: Mapping[str, Any] = {"code": "CON-LEFT-OUT", "subjects": excluded}
        if len(excluded) > MOST_NAMED:
            properties = {"code": "CON-LEFT-OUT", "each": "object"}
        duties.append({"id": LEAVE_OUT, "type": "custom", "properties": properties})
    return duties


def _grant(id: str, snapshot: Snapshot) -> dict[str, Any]:
    row = snapshot.get(Grant, id)
    return {"id": id} if row is None else {"id": id, "permission": row.document}
