"""Terms of use that change: who accepted the version before goes on for a time, then waits; accepting is for oneself."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.outcome import Reason
from broker.core.rows import Assertion
from broker.core.rows.safeguards import FormerTerms
from broker.core.time import Seconds, day_of, start_of
from broker.flows.assertions import accept_terms
from broker.flows.grants.terms import TermsNow, accept, terms_now
from broker.flows.use_data import Refused, Ticket, ask
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import MEI, Stage, caller, stage

DAY = 86_400
OLD, NEW, SHA = "https://bank.example/terms/1", "https://bank.example/terms/2", "ab" * 32
GRACE = FormerTerms(url=OLD, until=date.fromordinal(day_of(START).toordinal() + 10))
ada = caller(ends=Seconds(START + 10**9))


def world(*former: FormerTerms, sha256: str | None = SHA) -> Stage:
    return stage(dataset=b.dataset(terms_of_use=NEW, terms_sha256=sha256, former_terms=former))


async def used(s: Stage) -> str | None:
    done = await ask(s.world, ada, b.ONE)
    if isinstance(done, Ticket):
        return None
    assert isinstance(done, Refused)
    return done.decision.reasons[0].code


def shown(s: Stage) -> TermsNow | None:
    return terms_now(s.world, b.grant(), s.live.current(), s.clock.now())


@pytest.mark.row("WF-TERMS")
@given(st.integers(0, 20 * DAY))
@pytest.mark.row("WF-I12")
async def test_earlier_terms_are_enough_until_the_day_and_not_one_second_longer(later: int) -> None:
    s = world(GRACE)
    await accept_terms(s.world, ada, OLD, SHA)
    s.clock.advance(later)
    in_time = s.clock.now() < start_of(GRACE.until)
    assert await used(s) == (None if in_time else "AUTH-TERMS")
    told = shown(s)
    assert told is not None
    assert (told.accepted, told.until) == (False, start_of(GRACE.until) if in_time else None)


@pytest.mark.row("WF-TERMS")
async def test_without_a_grace_earlier_terms_are_not_enough() -> None:
    for s in (world(), world(replace(GRACE, url="https://bank.example/terms/0"))):
        await accept_terms(s.world, ada, OLD, SHA)
        assert await used(s) == "AUTH-TERMS"


@pytest.mark.row("WF-TERMS")
async def test_accepting_the_terms_of_now_lets_the_work_go_on() -> None:
    s = world(GRACE)
    assert await used(s) == "AUTH-TERMS", "a grace is for those who accepted something"
    done = await accept(s.world, ada, b.GRANT)
    assert isinstance(done, Assertion)
    assert (done.value, done.evidence) == (NEW, SHA)
    assert (await used(s), shown(s)) == (None, TermsNow(url=NEW, sha256=SHA, accepted=True))
    assert await accept(s.world, ada, b.GRANT) == done, "twice is once"


@pytest.mark.row("WF-TERMS")
async def test_nobody_accepts_for_somebody_else_nor_a_text_that_nobody_states() -> None:
    s = world()
    assert await accept(s.world, caller(MEI), b.GRANT) == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "accept"),))
    for s in (world(sha256=None), stage()):
        done = await accept(s.world, ada, b.GRANT)
        assert isinstance(done, Reason)
        assert done.code == "REQ-STATE"
    assert shown(stage()) is None
