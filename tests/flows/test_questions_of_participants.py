"""A participant asks about their data: whom that reaches, what nobody learns by it, and where the answer comes."""

import pytest

from broker.core.access.cases import CaseKind, CaseStage, due
from broker.core.access.states import State
from broker.core.ids import DatasetId, DecisionId
from broker.core.outcome import Reason
from broker.core.rows import Case, Committee, Trace
from broker.flows.cases import acknowledge, answer, ask, asked, challenge, listed, may_ask_about, seen, take_back
from broker.flows.notices.inbox import inbox
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.test_applications import CHAIR, MEMBER
from tests.flows.test_cases import OFFICER, PANEL
from tests.flows.worlds import MEI, PIA, Stage, caller, stage

pytestmark = pytest.mark.row("WF-QUESTION")
TEXT = "Who pays for this?"
PAUL = caller(PIA)


def world() -> Stage:
    committee = Committee(id=b.DAC, name="The committee", contact="dac@bank.example", voters=("bank",))
    return stage(committee=committee, elsewhere=b.dataset(id=DatasetId("https://data.example/elsewhere")))


async def question(s: Stage, who: Caller = PAUL, text: str = TEXT) -> Case:
    made = await ask(s.world, who, b.HEART, text)
    assert isinstance(made, Case), made
    return made


async def test_the_committee_reads_it_by_a_clock_and_answers_without_an_outcome() -> None:
    s = world()
    row = await question(s)
    assert (row.kind, row.committee, row.stage) == (CaseKind.QUESTION, b.DAC, CaseStage.RECEIVED)
    assert due(row.kind, row.stage, row.opened) is not None
    assert [one.notice.what for one in await inbox(s.world, MEMBER)] == ["case.opened"]
    for stranger in (OFFICER, PANEL, caller()):
        assert seen(stranger, row, s.live.current()) is None
        assert not [one for one in await inbox(s.world, stranger) if one.notice.what == "case.opened"]
    assert isinstance(await acknowledge(s.world, CHAIR, row.id), Case)
    for outcome, text in (("upheld", "Yes."), (None, " ")):
        done = await answer(s.world, MEMBER, row.id, outcome, text)  # type: ignore[arg-type]
        assert isinstance(done, Reason)
        assert done.code == "REQ-INVALID"
    done = await answer(s.world, MEMBER, row.id, None, "The bank does.")
    assert isinstance(done, Case)
    assert [(one.answer, one.stage, one.outcome) for one in asked(s.world, PAUL)] == [
        ("The bank does.", CaseStage.ANSWERED, None)
    ]
    assert [one.notice.what for one in await inbox(s.world, PAUL)] == ["case.acknowledged", "case.answered"][::-1]
    assert s.kinds()[-1] != "review.reopened"


async def test_only_about_data_that_hold_theirs_and_by_participants_alone() -> None:
    s = world()
    assert [row.id for row in may_ask_about(s.live.current(), PAUL, s.clock.now())] == [b.HEART]
    for who, about in (
        (PAUL, "https://data.example/elsewhere"),
        (PAUL, "none"),
        (caller(), b.HEART),
        (caller(MEI), b.HEART),
    ):
        done = await ask(s.world, who, DatasetId(about), TEXT)
        assert done == Reason(code="REQ-NOT-FOUND"), about
    done = await ask(s.world, PAUL, b.HEART, " \n")
    assert isinstance(done, Reason)
    assert done.code == "REQ-INVALID"
    assert listed(MEMBER, s.live.current()) == ()


async def test_the_same_question_twice_is_one_and_many_are_too_many() -> None:
    s = world()
    assert await question(s) == await question(s)
    for n in range(99):
        await question(s, text=f"{TEXT} {n}")
    done = await ask(s.world, PAUL, b.HEART, "One more?")
    assert isinstance(done, Reason)
    assert done.code == "REQ-TOO-LARGE"
    assert len(asked(s.world, PAUL)) == 100
    assert isinstance(await take_back(s.world, PAUL, asked(s.world, PAUL)[0].id), Case)
    assert isinstance(await ask(s.world, PAUL, b.HEART, "One more?"), Case)


async def test_no_challenge_is_made_of_a_question() -> None:
    no = b.request(state=State.REJECTED, decision=DecisionId("dec_1"))
    s = stage(no, Trace(id=DecisionId("dec_1"), at=START, person=b.ADA))
    assert isinstance(await challenge(s.world, caller(), no.id, CaseKind.APPEAL, "Why?"), Case)
    done = await challenge(s.world, caller(), no.id, CaseKind.QUESTION, "Why?")
    assert isinstance(done, Reason)
    assert done.code == "REQ-STATE"
