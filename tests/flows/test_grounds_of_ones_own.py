"""Whoever answers for others says why themselves: not a finding, a renewal or a challenge repeats the rules."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest

from broker.core.access.cases import CaseKind
from broker.core.access.states import State
from broker.core.decision.explanation import views
from broker.core.ids import DecisionId, RequestId
from broker.core.outcome import Reason
from broker.core.own_words import sentences_of
from broker.core.rows import Case, Put, Report, Request, Trace
from broker.flows import decide_request
from broker.flows.cases import answer, challenge
from broker.flows.decide_request import NotPossible
from broker.flows.give_finding import give_finding
from broker.flows.grants.renew import ask_renewal, decline, extend
from tests import builders as b
from tests.flows.test_cases import PANEL, refused
from tests.flows.test_give_finding import GIVEN, SILENT, eva, waiting
from tests.flows.test_grant_life import DAY, MEMBER, TOLD, ada
from tests.flows.worlds import MEI, Stage, caller, stage

pytestmark = pytest.mark.row("WF-OWN-WORDS")
Said = Callable[[Stage, str], Awaitable[object]]
"""What comes of a ground: a Reason, or what was asked for."""


async def judged() -> Trace:
    """What the rules said of SILENT."""
    s = waiting()
    done = await decide_request.approve(s.world, caller(MEI), SILENT.id, "Good.", {})
    assert isinstance(done, NotPossible)
    made = await s.world.rows.get(Trace, done.id)
    assert made is not None
    return made


async def with_trace(s: Stage, id: RequestId) -> Stage:
    """The rules said it of this request as well."""
    request = s.live.current().get(Request, id)
    assert request is not None
    trace = replace(await judged(), id=DecisionId(request.decision or request.foresight))
    if await s.world.rows.get(Trace, trace.id) is None:
        await s.world.ledger.record(s.world.entry("decision.made", s.world.clock.now(), None), Put(trace))
    return s


async def _found(s: Stage, ground: str) -> object:
    return await give_finding(s.world, eva(), SILENT.id, "ethics_committee", replace(GIVEN, ground=ground))


async def _extended(s: Stage, ground: str) -> object:
    return await extend(s.world, MEMBER, b.GRANT, ground, {})


async def _declined(s: Stage, ground: str) -> object:
    return await decline(s.world, MEMBER, b.GRANT, ground)


async def _answered(s: Stage, ground: str) -> object:
    (case,) = s.live.current().all(Case)
    return await answer(s.world, PANEL, case.id, "rejected", ground)


async def _findable() -> Stage:
    return await with_trace(waiting(), SILENT.id)


async def _renewed() -> Stage:
    s = stage(b.request(state=State.APPROVED))
    s.clock.advance(b.YEAR - 10 * DAY)
    assert isinstance(await ask_renewal(s.world, ada, b.GRANT, 6, TOLD), Report)
    return await with_trace(s, RequestId("req_1"))


async def _challenged() -> Stage:
    s, _, id = await refused()
    assert isinstance(await challenge(s.world, caller(), id, CaseKind.APPEAL, "You read the old papers."), Case)
    return await with_trace(s, id)


STEPS: Mapping[str, tuple[Callable[[], Awaitable[Stage]], Said]] = {
    "finding": (_findable, _found),
    "extended": (_renewed, _extended),
    "declined": (_renewed, _declined),
    "challenge": (_challenged, _answered),
}


@pytest.mark.parametrize("step", STEPS)
async def test_what_only_repeats_the_rules_is_no_ground(step: str) -> None:
    made, say = STEPS[step]
    s = await made()
    before = len(s.kinds())
    (request,) = s.live.current().requests_for(b.HEART)
    trace = await s.world.rows.get(Trace, DecisionId(request.decision or request.foresight))
    assert trace is not None
    told = views.committee(trace.id, trace.body, s.world.languages["en"])
    rules = max(sentences_of(told), key=len)
    assert await say(s, f"{rules.upper()} ok") == Reason(code="REQ-OWN-WORDS")
    assert len(s.kinds()) == before
    done = await say(s, f"{rules} Their plan to lock the results away convinced us.")
    assert done != Reason(code="REQ-OWN-WORDS"), "it may be quoted, with a word of one's own"
    assert len(s.kinds()) > before
