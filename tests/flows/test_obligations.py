"""Duties bound to a grant: in the row, in the signed permission, recorded as done by who may, and what follows."""

import json
from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import GrantId, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Grant, Person
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds, add_months
from broker.flows import decide_request, request_access
from broker.flows.decide_request import Decided, NotPossible
from broker.flows.obligations import fulfil
from broker.flows.use_data import Refused, Ticket, ask
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA, MEI, ROLE, Stage, caller, stage

FRANCE = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"})
ABROAD = b.request(purpose=replace(b.PURPOSE, countries=frozenset({"FR"})), location="FR")
CUSTODIAN = replace(ROLE, role="custodian", scope=f"dataset:{b.HEART}")
OLGA = Person(id=PersonId("usr_olga"), log_key="dd" * 32, created=START)


async def granted(s: Stage) -> Grant:
    done = await decide_request.approve(s.world, caller(MEI), ABROAD.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    return done.grant


@pytest.mark.row("WHO-P-2")
async def test_a_grant_across_a_border_carries_duties_of_every_class_in_its_signed_permission() -> None:
    s = stage(ABROAD, grant=None, organisation=FRANCE)
    grant = await granted(s)
    assert {one.cls for one in grant.obligations} == {"respect", "protect", "fulfil", "account"}
    report = next(one for one in grant.obligations if one.id == "progress_report.1")
    assert (report.due, report.late, report.holder) == (add_months(START, 6), "stop", "researcher")
    told = json.loads(grant.document)["claims"]["duo_permission_v1"]["obligations"]
    assert [one["id"] for one in told] == [one.id for one in grant.obligations]
    assert next(one for one in told if one["id"] == "progress_report.1")["class"] == "account"


@pytest.mark.row("WHO-P-2")
async def test_without_a_duty_of_every_class_it_is_not_given() -> None:
    bare = b.dataset(safeguards=replace(b.SAFEGUARDS, duties=b.SAFEGUARDS.duties[:3]))
    s = stage(ABROAD, grant=None, organisation=FRANCE, dataset=bare)
    done = await decide_request.approve(s.world, caller(MEI), ABROAD.id, "Good.", {"GOV-DUTIES-MISSING": "We hurry."})
    assert isinstance(done, NotPossible)
    assert [one.code for one in done.decision.reasons] == ["GOV-DUTIES-MISSING"]
    assert not [key for key in s.ledger.rows if key[0] == "grant"]


async def test_at_home_a_grant_carries_what_the_decision_asks_for() -> None:
    s = stage(b.request(), grant=None)
    done = await decide_request.approve(s.world, caller(MEI), b.request().id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    assert tuple(one.id for one in done.grant.obligations) == done.decision.obligations


def owing(**changes: Any) -> Grant:
    owed = Obligation(id="report.1", cls="account", text="t", holder="researcher", due=Seconds(START + 10), late="stop")
    return b.grant(obligations=(replace(owed, **changes), replace(owed, id="keep", due=None)))


@pytest.mark.row("WHO-3.1-6c")
async def test_a_late_report_stops_access_until_it_is_recorded() -> None:
    s = stage(grant=owing())
    assert isinstance(await ask(s.world, caller(), b.ONE), Ticket)
    s.clock.advance(10)
    late = await ask(s.world, caller(ends=Seconds(START + 9999)), b.ONE)
    assert isinstance(late, Refused)
    assert [one.code for one in late.decision.reasons] == ["OPS-REPORT-OVERDUE"]
    again = await request_access.foresee(s.world, caller(), b.HEART, b.PURPOSE)
    assert isinstance(again, request_access.Foreseen)
    assert [one.code for one in again.decision.reasons] == ["OPS-REPORT-OVERDUE"], "no renewal either"
    done = await fulfil(s.world, caller(MEI), b.GRANT, "report.1", "sha256:abc")
    assert isinstance(done, Obligation)
    assert (done.proof, done.by, done.role, done.at) == ("sha256:abc", b.MEI, "committee_member", s.clock.now())
    assert s.kinds()[-1] == "obligation.fulfilled"
    assert isinstance(await ask(s.world, caller(ends=Seconds(START + 9999)), b.ONE), Ticket)


@pytest.mark.parametrize(
    ("who", "duty", "code"),
    [
        (caller(MEI), "report.1", None),
        (caller(OLGA, roles=(CUSTODIAN,)), "report.1", None),
        (caller(OLGA, roles=(replace(CUSTODIAN, scope="dataset:https://bank.example/other"),)), "report.1", "REQ-NOT-FOUND"),
        (caller(OLGA, roles=(replace(ROLE, role="admin", scope="service"),)), "report.1", "REQ-NOT-FOUND"),
        (caller(ADA), "report.1", "REQ-NOT-FOUND"),
        (caller(ADA, roles=(ROLE,)), "report.1", "REQ-OWN"),
        (caller(MEI), "report.2", "REQ-NOT-FOUND"),
        (caller(MEI), "keep", "REQ-STATE"),
    ],
)  # fmt: skip
async def test_only_who_may_records_it_and_nobody_of_their_own_grant(who: Any, duty: str, code: str | None) -> None:
    s = stage(grant=owing())
    done = await fulfil(s.world, who, b.GRANT, duty, "proof")
    assert (done.code if isinstance(done, Reason) else None) == code
    assert s.kinds() == ([] if code else ["obligation.fulfilled"])


async def test_the_first_word_stands() -> None:
    s = stage(grant=owing())
    first = await fulfil(s.world, caller(MEI), b.GRANT, "report.1", "one")
    s.clock.advance(5)
    assert await fulfil(s.world, caller(MEI), b.GRANT, "report.1", "two") == first
    assert s.kinds() == ["obligation.fulfilled"]


async def test_no_grant_no_duty() -> None:
    s = stage()
    done = await fulfil(s.world, caller(MEI), GrantId("grt_9"), "report.1", "x")
    assert done == Reason(code="REQ-NOT-FOUND")


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_without_the_record_nothing_is_done(breaks: Any) -> None:
    s = stage(grant=owing())
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await fulfil(s.world, caller(MEI), b.GRANT, "report.1", "x")
    assert s.live.current().get(Grant, b.GRANT) == owing()
