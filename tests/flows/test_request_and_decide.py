"""A researcher asks, a committee answers: what is stored, what is on record, and what cannot happen."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.ids import DatasetId, RequestId
from broker.core.outcome import Outcome, Reason
from broker.core.plain import canonical, digest
from broker.core.purpose import Kind
from broker.core.rows import Grant, Request, Trace
from broker.flows import decide_request, request_access
from broker.flows.decide_request import Decided, NotPossible
from broker.ports import LedgerDownError, StaleError
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA, MEI, ROLE, Stage, caller, stage

WAITING = b.request()


async def test_a_pre_check_is_answered_and_on_record_with_its_trace() -> None:
    s = stage()
    found = await request_access.foresee(s.world, caller(), b.HEART, b.PURPOSE)
    assert isinstance(found, request_access.Foreseen)
    assert (found.decision.outcome, s.kinds()) == (Outcome.PERMIT_WITH_OBLIGATIONS, ["decision.made"])
    trace = s.ledger.rows["trace", found.id]
    assert isinstance(trace, Trace)
    assert s.ledger.entries[0].about["trace"] == digest(trace)
    assert trace.body["decision"]["outcome"] == int(found.decision.outcome)


async def test_a_trace_holds_no_identity_and_no_token() -> None:
    s = stage()
    found = await request_access.foresee(s.world, caller(), b.HEART, b.PURPOSE)
    assert isinstance(found, request_access.Foreseen)
    written = canonical(s.ledger.rows["trace", found.id]).decode()
    assert str(b.HOME) in written
    assert '"ada"' not in written, "who it is lies under their own key"


async def test_who_is_at_the_sign_cannot_verify_their_own_claims() -> None:
    s = stage()
    claimed = replace(
        b.PURPOSE, ethics_approval="verified", agreements=replace(b.PURPOSE.agreements, collaborate="recorded")
    )
    made = await request_access.submit(s.world, caller(), b.HEART, claimed, "Please.")
    assert not isinstance(made, Reason)
    assert (made[0].purpose.ethics_approval, made[0].purpose.agreements.collaborate) == ("supplied", "pending")


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize(
    ("countries", "location", "benefit", "taken"),
    [
        ({"DE"}, "DE", "", True),
        ({"US"}, "DE", "", False),
        ({"DE", "US"}, "DE", "", False),
        (set(), "DE", "", False),
        ({"DE"}, "US", "", False),
        ({"DE"}, None, "", True),
        ({"US"}, "US", " \n", False),
        ({"US"}, "US", " Results go to the clinics first. ", True),
    ],
)
async def test_a_request_across_a_border_says_what_the_population_of_origin_gains(
    countries: set[str], location: str | None, benefit: str, *, taken: bool
) -> None:
    s = stage()
    purpose, who = replace(b.PURPOSE, countries=frozenset(countries)), replace(caller(), location=location)
    made = await request_access.submit(s.world, who, b.HEART, purpose, "Please.", benefit)
    if taken:
        assert not isinstance(made, Reason)
        assert made[0].benefit == benefit.strip()
    else:
        assert made == Reason(code="REQ-BENEFIT-UNSTATED", facts=(("member", "benefit"),))
        assert s.kinds() == []


async def test_an_unknown_dataset_is_not_there() -> None:
    s = stage()
    made = await request_access.submit(s.world, caller(), DatasetId("https://bank.example/no"), b.PURPOSE, "Please.")
    assert made == Reason(code="REQ-NOT-FOUND")
    assert s.kinds() == []


async def test_a_yes_makes_a_signed_grant_with_the_codes() -> None:
    s = stage(WAITING, grant=None)
    done = await decide_request.approve(s.world, caller(MEI), WAITING.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    assert (done.request.state, done.request.grant) == (State.APPROVED, done.grant.id)
    assert done.grant.duo == b.dataset().duo
    assert '"typ": "duo-permission+jwt"' in done.grant.document
    assert s.kinds() == ["request.approved"]
    stored = s.ledger.rows["grant", done.grant.id]
    assert stored == done.grant
    assert s.live.current().get(Grant, done.grant.id) == done.grant


async def test_a_grant_lasts_as_long_as_the_shortest_limit() -> None:
    short = b.request(purpose=replace(b.PURPOSE, duration_months=2))
    s = stage(short, grant=None, dataset=b.dataset(duo=b.codes("DUO:0000006", {"code": "DUO:0000025", "months": 12})))
    done = await decide_request.approve(s.world, caller(MEI), short.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    assert 58 * 86_400 <= done.grant.ends - START <= 62 * 86_400


async def test_the_committees_yes_does_not_lift_the_laws_no() -> None:
    abroad = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False})
    s = stage(
        b.request(purpose=replace(b.PURPOSE, countries=frozenset({"US"})), location="US"),
        organisation=abroad,
        grant=None,
    )
    done = await decide_request.approve(s.world, caller(MEI), WAITING.id, "Good.", {})
    assert isinstance(done, NotPossible)
    assert done.decision.outcome is Outcome.ALTERNATIVE
    assert s.kinds() == ["decision.made"]
    assert s.live.current().get(Request, WAITING.id) == s.ledger.rows["request", WAITING.id]
    assert not s.live.current().grants_of(b.ADA)


async def test_an_open_question_is_answered_with_a_ground_and_the_grant_carries_it() -> None:
    open_ = b.request(purpose=replace(b.PURPOSE, kinds=frozenset({Kind.METHODS})))
    s = stage(open_, grant=None)
    first = await decide_request.approve(s.world, caller(MEI), open_.id, "Good.", {})
    assert isinstance(first, NotPossible)
    asked = {reason.code for reason in first.decision.reasons if reason.code.startswith("DUO-")}
    done = await decide_request.approve(
        s.world, caller(MEI), open_.id, "Good.", dict.fromkeys(asked, "It is for the heart.")
    )
    assert isinstance(done, Decided)
    assert done.grant is not None
    assert {finding.code for finding in done.grant.findings} == asked


@pytest.mark.parametrize(
    ("who", "request_", "code"),
    [
        (caller(), WAITING, "AUTH-NOT-YOURS"),
        (caller(roles=(ROLE,)), WAITING, "REQ-OWN"),
        (caller(MEI, roles=()), WAITING, "REQ-NOT-FOUND"),
        (caller(MEI, roles=(replace(ROLE, scope="committee:https://other.example"),)), WAITING, "REQ-NOT-FOUND"),
        (caller(MEI, roles=(replace(ROLE, role="admin"),)), WAITING, "REQ-NOT-FOUND"),
        (caller(MEI), b.request(state=State.REJECTED), "REQ-STATE"),
        (caller(MEI), b.request(state=State.APPROVED), "REQ-STATE"),
        (caller(MEI), b.request(state=State.WITHDRAWN), "REQ-STATE"),
    ],
)
async def test_only_who_may_decides_and_only_once(who: Any, request_: Request, code: str) -> None:
    s = stage(request_, grant=None)
    for done in (
        await decide_request.approve(s.world, who, request_.id, "Yes.", {}),
        await decide_request.reject(s.world, who, request_.id, "No."),
    ):
        assert isinstance(done, Reason)
        assert done.code == code
    assert s.kinds() == []


async def test_of_two_deciders_one_wins_and_the_loser_leaves_no_trace() -> None:
    s = stage(WAITING, grant=None)
    behind = s.live.current()
    assert isinstance(await decide_request.reject(s.world, caller(MEI), WAITING.id, "No."), Decided)
    before = dict(s.ledger.rows)
    s.live._current = behind
    with pytest.raises(StaleError):
        await decide_request.approve(s.world, caller(MEI), WAITING.id, "Yes.", {})
    assert (s.kinds(), s.ledger.rows) == (["request.rejected"], before)


@pytest.mark.row("EXP-REJECTED")
async def test_a_committees_no_is_a_decision_with_its_trace_and_every_other_reason() -> None:
    s = stage(WAITING, grant=None, dataset=b.dataset(duo=b.codes("DUO:0000007")))
    done = await decide_request.reject(s.world, caller(MEI), WAITING.id, "The plan is too thin.")
    assert isinstance(done, Decided)
    assert (done.request.state, done.request.decision, done.request.ground) == (
        State.REJECTED, done.id, "The plan is too thin.",
    )  # fmt: skip
    assert (done.grant, done.decision.outcome) == (None, Outcome.DENY)
    assert done.decision.reasons[0].code == "REQ-REJECTED"
    assert any(reason.code.startswith("DUO-") for reason in done.explanation.reasons)
    (entry,) = s.ledger.entries
    trace = s.ledger.rows["trace", done.id]
    assert isinstance(trace, Trace)
    assert (entry.kind, entry.about["decision"], entry.about["trace"]) == ("request.rejected", done.id, digest(trace))
    assert (trace.person, trace.body["human"]["reasons_text"]) == (b.ADA, "The plan is too thin.")


@pytest.mark.row("EXP-REJECTED")
async def test_no_way_of_access_and_no_change_gets_around_a_committees_no() -> None:
    s = stage(WAITING, grant=None)
    done = await decide_request.reject(s.world, caller(MEI), WAITING.id, "No.")
    assert isinstance(done, Decided)
    assert set(done.explanation.ladder.values()) == {Outcome.DENY}
    assert (done.explanation.alternatives, done.explanation.changes) == ((), ())
    assert done.explanation.appeal == "merits"


async def test_a_researcher_takes_a_request_back_and_nobody_else_does() -> None:
    s = stage(WAITING, grant=None)
    assert await request_access.withdraw(s.world, caller(MEI), WAITING.id) == Reason(code="REQ-NOT-FOUND")
    assert await request_access.withdraw(s.world, caller(), RequestId("req_no")) == Reason(code="REQ-NOT-FOUND")
    taken = await request_access.withdraw(s.world, caller(), WAITING.id)
    assert isinstance(taken, Request)
    assert taken.state is State.WITHDRAWN
    assert isinstance(await request_access.withdraw(s.world, caller(), WAITING.id), Reason)


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_record_no_grant(breaks: Any) -> None:
    s: Stage = stage(WAITING, grant=None)
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await decide_request.approve(s.world, caller(MEI), WAITING.id, "Good.", {})
    assert not s.live.current().grants_of(ADA.id)
