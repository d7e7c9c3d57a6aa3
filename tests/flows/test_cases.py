"""A no is challenged, and somebody complains: who answers, what follows, and what nobody of the committee reads."""

from typing import Any

import pytest

from broker.core.access.cases import CaseKind, CaseStage
from broker.core.access.life import Stage
from broker.core.access.states import State
from broker.core.ids import PersonId, RequestId
from broker.core.outcome import Reason
from broker.core.rows import Case, Person, Request, Role
from broker.flows import decide_request
from broker.flows.cases import acknowledge, answer, challenge, complain, follow, listed, take_back
from broker.flows.decide_request import Decided
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.test_applications import CHAIR, MEMBER, OTHER_MEMBER, handed, request_of, review_of, seat, who, world
from tests.flows.worlds import ADA, caller
from tests.flows.worlds import Stage as World

DAY = 86_400
ODA, VIV = (Person(id=PersonId(f"usr_{one}"), log_key="dd" * 32, created=START) for one in ("oda", "viv"))


def outsider(role: str, person: Person = ODA) -> Caller:
    return who(person, Role(id=f"r-{role}", role=role, scope="service", iss=b.HOME, sub="oda"))


PANEL, OFFICER = outsider("appeal_panel"), outsider("complaints_officer", VIV)


async def refused() -> tuple[World, Any, RequestId]:
    s = world(VIV)
    made = await handed(s)
    id = request_of(s, made).id
    assert isinstance(await decide_request.reject(s.world, MEMBER, id, "Too wide."), Decided)
    return s, made, id


@pytest.mark.row("WF-CHALLENGE")
@pytest.mark.parametrize(("kind", "by"), [(CaseKind.RECONSIDERATION, OTHER_MEMBER), (CaseKind.APPEAL, PANEL)])
async def test_what_is_upheld_the_committee_must_answer_anew(kind: CaseKind, by: Caller) -> None:
    s, made, id = await refused()
    before = s.live.current().get(Request, id)
    row = await challenge(s.world, caller(), id, kind, "You read the old papers.")
    assert isinstance(row, Case)
    for wrong in (MEMBER, caller(), OFFICER, PANEL if by is OTHER_MEMBER else OTHER_MEMBER):
        done = await answer(s.world, wrong, row.id, "upheld", "Yes.")
        assert isinstance(done, Reason), wrong
    assert isinstance(await acknowledge(s.world, by, row.id), Case)
    done = await answer(s.world, by, row.id, "upheld", "The papers were the new ones.")
    assert isinstance(done, Case)
    after = s.live.current().get(Request, id)
    assert before is not None
    assert after is not None
    assert (after.state, after.decisions, after.decided_by) == (State.SUBMITTED, (before.decision,), None)
    assert review_of(s, made).stage is Stage.IN_REVIEW
    assert s.kinds()[-3:] == ["case.opened", "case.acknowledged", "case.answered"]
    assert isinstance(await decide_request.approve(s.world, OTHER_MEMBER, id, "Good.", {}), Decided)


@pytest.mark.row("WF-CHALLENGE")
@pytest.mark.parametrize("outcome", ["partly", "rejected"])
async def test_what_is_not_upheld_changes_nothing(outcome: Any) -> None:
    s, made, id = await refused()
    row = await challenge(s.world, caller(), id, CaseKind.APPEAL, "Wrong.")
    assert isinstance(row, Case)
    done = await answer(s.world, PANEL, row.id, outcome, "It was right.")
    assert isinstance(done, Case)
    assert (done.stage, request_of(s, made).state) == (CaseStage.ANSWERED, State.REJECTED)
    again = await answer(s.world, PANEL, row.id, "upheld", "After all.")
    assert again == Reason(code="REQ-STATE", facts=(("state", "answered"),))


@pytest.mark.row("WF-CHALLENGE")
async def test_only_the_applicant_challenges_a_no_in_time_and_once_at_a_time() -> None:
    s, _, id = await refused()
    for stranger in (MEMBER, PANEL, who(VIV)):
        done = await challenge(s.world, stranger, id, CaseKind.APPEAL, "Wrong.")
        assert done == Reason(code="REQ-NOT-FOUND")
    first = await challenge(s.world, caller(), id, CaseKind.APPEAL, "Wrong.")
    assert isinstance(first, Case)
    assert await challenge(s.world, caller(), id, CaseKind.APPEAL, "Wrong.") == Reason(
        code="REQ-STATE", facts=(("state", "challenged already"),)
    )
    assert isinstance(await take_back(s.world, caller(), first.id), Case)
    s.clock.advance(30 * DAY - 1)
    assert isinstance(await challenge(s.world, caller(), id, CaseKind.APPEAL, "Wrong."), Case)
    s.clock.advance(1)
    late = await challenge(s.world, caller(), id, CaseKind.RECONSIDERATION, "Wrong.")
    assert isinstance(late, Reason)
    assert late.code == "CASE-LATE"


async def test_a_request_that_waits_or_was_approved_is_not_challenged() -> None:
    s = world()
    made = await handed(s)
    id = request_of(s, made).id
    for kind in CaseKind:
        done = await challenge(s.world, caller(), id, kind, "Soon!")
        assert done == Reason(code="REQ-STATE", facts=(("state", "submitted"),))


@pytest.mark.row("WHO-P-10")
@pytest.mark.parametrize("about", [b.HEART, b.DAC])
async def test_a_complaint_reaches_the_officer_and_nobody_of_the_committee(about: str) -> None:
    s = world(VIV)
    made = await complain(s.world, None, about, "They sold my data.")
    assert not isinstance(made, Reason)
    row, key = made
    assert [one.case.id for one in listed(OFFICER, s.live.current())] == [row.id]
    double = who(VIV, *OFFICER.roles, seat("committee_member", "viv"))
    for one in (MEMBER, CHAIR, PANEL, double, caller()):
        assert listed(one, s.live.current()) == ()
        assert await answer(s.world, one, row.id, "rejected", "No.") == Reason(code="REQ-NOT-FOUND")
    assert s.ledger.entries[-1].who is None, "without a name"
    assert "sold" not in str(s.ledger.entries)
    assert key not in str(s.ledger.rows), "whoever reads the rows reads no keys"
    await acknowledge(s.world, OFFICER, row.id)
    await answer(s.world, OFFICER, row.id, "upheld", "It was stopped.")
    found = follow(s.world, row.id, key)
    assert isinstance(found, Case)
    assert (found.outcome, found.answer) == ("upheld", "It was stopped.")
    for id, wrong in ((row.id, "x"), (row.id, ""), (row.id, row.key), ("cas_no", key)):
        assert follow(s.world, id, wrong) == Reason(code="REQ-NOT-FOUND")


async def test_a_challenge_has_no_key_that_opens_it() -> None:
    s, _, id = await refused()
    row = await challenge(s.world, caller(), id, CaseKind.APPEAL, "Wrong.")
    assert isinstance(row, Case)
    assert follow(s.world, row.id, "") == Reason(code="REQ-NOT-FOUND")
    assert row.person == ADA.id
