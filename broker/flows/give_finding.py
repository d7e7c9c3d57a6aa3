"""Who may answer an open question of a request answers it: an ethics committee, a legal officer, the committee.

The answer is a finding (rulings 1 and 2): the request carries it until its end, and the grant that the committee may
give after it. It decides nothing by itself; every gate is asked again, now and at each use.
"""

from dataclasses import replace

from broker.core.access.states import Event, step
from broker.core.applications import aside
from broker.core.audit.entry import Value
from broker.core.decision.answerers import COMMITTEE, ROLES
from broker.core.decision.answering import Given, findings_for
from broker.core.ids import RequestId
from broker.core.outcome import Reason
from broker.core.rows import Put, Request, changed
from broker.core.rows.access import Finding
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, rfc3339
from broker.flows.applications.desk import committee_of
from broker.flows.applications.own_words import copied
from broker.flows.decide_request import holds, is_own, may_see, question_of
from broker.flows.trained import untrained
from broker.flows.world import Caller, World


async def give_finding(w: World, caller: Caller, id: RequestId, role: str, given: Given) -> Finding | Reason:
    """Answer in `role`. Steps: 1 gather, 2 decide, 3 record, 4 tell.

    An answer to the same question, of the same class, in the same role, takes the place of the one before.
    """
    # 1. Gather.
    repeated = await copied(w, w.snapshots.current().get(Request, id), given.ground)
    now, snapshot = w.clock.now(), w.snapshots.current()
    held = _may_answer(caller, id, role, snapshot, now)
    if isinstance(held, Reason):
        return held
    # 2. Decide: is it open, but for this very answer, and theirs to give?
    if repeated is not None:
        return repeated
    about = (given.code, role, given.consent_class, given.form, given.keys)
    kept = tuple(one for one in held.findings if (one.code, one.role, one.consent_class, one.form, one.keys) != about)
    question = replace(question_of(held, w, now), findings=kept)
    made = findings_for(question, snapshot, [given], role, caller.person.id)
    if not made:
        return Reason(code="REQ-NOT-OPEN", facts=(("asked", given.code),))
    finding = made[0]
    after = changed(held, findings=(*kept, finding))
    # 3. Record.
    told: dict[str, Value] = {
        "request": id,
        "dataset": held.dataset,
        "code": finding.code,
        "role": role,
        "until": rfc3339(finding.ends),
        "inputs": finding.inputs,
    }
    if finding.consent_class is not None:
        told |= {"class": finding.consent_class, "keys": tuple(sorted(finding.keys)), "approval": finding.approval}
        told |= {"form": finding.form or ""}
    await w.ledger.record(w.entry("finding.given", now, caller.person, told), Put(after))
    # 4. Tell.
    return finding


def _may_answer(caller: Caller, id: RequestId, role: str, snapshot: Snapshot, now: Seconds) -> Request | Reason:
    request = snapshot.get(Request, id)
    if request is None or not may_see(caller, request, snapshot):
        return Reason(code="REQ-NOT-FOUND")
    if role not in ROLES:
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", ", ".join(sorted(ROLES))),))
    if not holds(caller, role, request, snapshot):  # the one that was named: another that they hold is none for it
        return Reason(code="AUTH-NOT-YOURS", facts=(("roles", f"{role}, in which you want to answer"),))
    if is_own(caller, request, snapshot):
        return Reason(code="REQ-OWN")
    if snapshot.ever_linked(caller.person.id) & aside(request, snapshot):
        return Reason(code="REQ-STEPPED-ASIDE")
    seat = committee_of(request.dataset, snapshot) if role == COMMITTEE else None
    if (wrong := untrained(caller, seat, snapshot, now)) is not None:
        return wrong
    if step(request.state, Event.APPROVE) is None:
        return Reason(code="REQ-STATE", facts=(("state", str(request.state)),))
    return request
