"""A pledge of capacity: a duty of the class `fulfil`, bound to the grant and followed until it is done (WHO-3.2-0)."""

from dataclasses import replace

import pytest

from broker.core.decision import Explanation
from broker.core.rows import Grant
from broker.core.rows.safeguards import Duty
from broker.core.time import Seconds, add_months
from broker.flows import decide_request, request_access
from broker.flows.decide_request import Decided
from broker.flows.obligations import fulfil
from tests import builders as b
from tests.fakes import START
from tests.flows.test_obligations import ABROAD, FRANCE
from tests.flows.worlds import MEI, Stage, caller, stage

PLEDGE = Duty(
    id="train_analysts", cls="fulfil", text="terms/capacity-1", holder="recipient institution", months=9,
    evidence="A list of who was trained, by number.",
)  # fmt: skip
ELSEWHERE = replace(b.PURPOSE, countries=frozenset({"FR"}))


async def pledged() -> tuple[Stage, Grant]:
    safeguards = replace(b.SAFEGUARDS, duties=(PLEDGE, *(one for one in b.SAFEGUARDS.duties if one.months is None)))
    account = replace(b.SAFEGUARDS.duties[3], months=None)
    dataset = b.dataset(safeguards=replace(safeguards, duties=(*safeguards.duties, account)))
    s = stage(ABROAD, grant=None, organisation=FRANCE, dataset=dataset)
    done = await decide_request.approve(s.world, caller(MEI), ABROAD.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    return s, done.grant


async def next_request(s: Stage) -> Explanation:
    found = await request_access.foresee(s.world, caller(location="FR"), b.HEART, ELSEWHERE)
    assert isinstance(found, request_access.Foreseen)
    return found.explanation


@pytest.mark.row("WHO-3.2-0")
async def test_it_stands_in_the_signed_permission_with_holder_and_date() -> None:
    _, grant = await pledged()
    (owed,) = (one for one in grant.obligations if one.id == "train_analysts.1")
    assert (owed.cls, owed.holder, owed.due) == ("fulfil", "recipient institution", add_months(START, 9))
    assert "train_analysts.1" in grant.document


@pytest.mark.row("WHO-3.2-0")
async def test_who_has_not_kept_it_gets_no_further_grant_until_it_is_recorded_as_done() -> None:
    s, grant = await pledged()
    assert (await next_request(s)).outcome.permits
    s.clock.advance(add_months(START, 9) - START)
    told = await next_request(s)
    assert [one.code for one in told.reasons] == ["OPS-DUTY-OVERDUE"]
    await fulfil(s.world, caller(MEI), grant.id, "train_analysts.1", "sha256:abc")
    assert (await next_request(s)).outcome.permits
    kept = s.live.current().get(Grant, grant.id)
    assert kept is not None
    assert [one.at for one in kept.obligations if one.id == "train_analysts.1"] == [Seconds(s.clock.now())]
