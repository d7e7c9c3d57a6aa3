"""Who may read why a decision was made, and which of its views? For everybody else there is no such decision.

Steps: 1 gather the trace, 2 decide who is asking, 3 nothing to record, 4 tell from the trace alone.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from broker.core.decision.answerers import COMMITTEE, ROLES
from broker.core.decision.explanation import views
from broker.core.ids import DatasetId, DecisionId, ObjectId, SubjectRef
from broker.core.outcome import Reason
from broker.core.plain import plain
from broker.core.reasons import REASONS
from broker.core.reasons.language import ENGLISH, Language, Tongue
from broker.core.rows import Dataset, Trace
from broker.core.snapshot import Snapshot
from broker.core.time import rfc3339
from broker.flows.world import Caller, World

Audience = Literal["researcher", "auditor", "custodian", "committee", "answerer", "subject"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
"""In this order: whoever names none is told as the first that they are."""

_NO_SUCH = Reason(code="REQ-NOT-FOUND")


async def tell_decision(
    w: World, caller: Caller, id: DecisionId, audience: str | None, language: Language
) -> dict[str, Any] | Reason:
    """The decision as `audience` may read it. A wrong audience is answered like an unknown decision."""
    # 1. Gather.
    trace = await w.rows.get(Trace, id)
    if trace is None:
        return _NO_SUCH
    # 2. Decide.
    mine = [one for one in AUDIENCES if _is(one, caller, trace, w.snapshots.current())]
    chosen = audience if audience is not None else next(iter(mine), None)
    if chosen not in mine:
        return _NO_SUCH
    # 4. Tell.
    told: dict[str, Any] = {"decision": id, "at": rfc3339(trace.at), "audience": chosen}
    if chosen == "answerer":
        roles = _answering(caller, trace.body, w.snapshots.current())
        told["explanation"] = views.answerer(id, trace.body, roles, language)
    else:
        told["explanation"] = _explanation(chosen, id, trace.body, caller, language)
    if "again" in trace.body and chosen != "answerer":
        told["again"] = trace.body["again"]
    if "left_out" in trace.body and chosen in {"researcher", "auditor"}:
        told["visas_left_out"] = _left_out(trace.body["left_out"], language)
    if "auditor" in mine or chosen == "custodian":
        told["trace"] = plain(trace.body)
    return told


def _is(audience: Audience, caller: Caller, trace: Trace, snapshot: Snapshot) -> bool:
    asked: Mapping[str, Any] = trace.body.get("question", {})
    if audience not in {"researcher", "auditor"} and not views.of_one(trace.body):
        return False
    match audience:
        case "researcher":
            return trace.person == caller.person.id
        case "auditor":
            return caller.has_role("auditor", "service")
        case "custodian":
            return caller.has_role("custodian", f"dataset:{asked['dataset']}")
        case "committee":
            dataset = snapshot.get(Dataset, DatasetId(asked["dataset"]))
            scope = f"committee:{dataset.committee}" if dataset is not None else None
            return scope is not None and any(caller.has_role(role, scope) for role in _COMMITTEE)
        case "answerer":
            roles = _answering(caller, trace.body, snapshot)
            return bool(roles) and views.answerer(trace.id, trace.body, roles, ENGLISH) is not None
        case "subject":
            ref = caller.person.subject
            if ref is None:
                return False
            object = ObjectId(asked["object"]) if "object" in asked else None
            among = ref in snapshot.subjects(DatasetId(asked["dataset"]), object)
            return views.concerns(trace.body, ref, among=among)


_COMMITTEE = ("committee_member", "committee_chair")


def _answering(caller: Caller, body: Mapping[str, Any], snapshot: Snapshot) -> frozenset[str]:
    """In which roles the caller answers open questions about the dataset, beside those of its committee."""
    dataset = snapshot.get(Dataset, DatasetId(body["question"]["dataset"]))
    if dataset is None:
        return frozenset()
    scopes = (f"dataset:{dataset.id}", f"committee:{dataset.committee}")
    return frozenset(role for role in ROLES - {COMMITTEE} if any(caller.has_role(role, scope) for scope in scopes))


def _explanation(
    audience: str, id: DecisionId, body: Mapping[str, Any], caller: Caller, language: Language
) -> dict[str, Any] | None:
    if audience == "subject":
        return views.participant(id, body, SubjectRef(str(caller.person.subject)), language)
    if audience == "committee":
        return views.committee(id, body, language)
    if audience == "custodian":
        return views.custodian(id, body, language)
    return views.researcher(id, body, language)


def _left_out(kept: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Visas that did not count, in the words of `language`, or in those of then where they were others."""
    tongue = Tongue(language)
    visas = [
        {**one, "sentence": tongue.sentence(REASONS[one["code"]], "researcher", one["facts"], one["sentence"])}
        for one in kept["visas"]
    ]
    return {"count": kept["count"], "visas": visas}
