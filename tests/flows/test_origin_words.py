"""The place of origin is heard before data cross a border: in its time, by who speaks for it, and answered in the end."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.cases import CaseKind
from broker.core.access.origin import MOST_TEXT, Standing
from broker.core.access.states import State
from broker.core.consent.model import CommunityDecision
from broker.core.ids import PersonId, RequestId, SubjectRef
from broker.core.notices import Channels
from broker.core.outcome import Reason
from broker.core.rows import Application, Case, ConsentRow, Person, Request, Review, Role
from broker.flows import decide_request
from broker.flows.applications.correct import reopen
from broker.flows.applications.hand_in import hand_in
from broker.flows.applications.review import Said, give_back, vote
from broker.flows.applications.turns import hand_in_again
from broker.flows.cases import answer as answer_case
from broker.flows.cases import challenge
from broker.flows.decide_request import Decided
from broker.flows.notices.inbox import inbox
from broker.flows.notices.remind import remind
from broker.flows.origin_words import say
from broker.flows.people import export
from broker.flows.request_access import submit
from broker.flows.world import Caller
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START
from tests.flows.test_applications import CHAIR, LEE, MEMBER, OTHER_MEMBER, PAPER, SAM, request_of, seat, weighed, who
from tests.flows.test_applications import world as before_committee
from tests.flows.test_findings_about_people import NO_LOG
from tests.flows.worlds import ADA, Stage, caller

VALLEY = SubjectRef("com_valley")
SIDE = f"community:{VALLEY}"
ELI = Person(id=PersonId("usr_eli"), log_key="ee" * 32, created=START)
DAY = 86_400
WORD = CommunityDecision(
    authority="elders", rule="a quorum", members="the valley", decision="approved", local_only=False
)
GOVERNS: ConsentRow = b.consent(VALLEY, consent_id="com", level="community", community=WORD)
PANEL = who(SAM, Role(id="r-panel", role="appeal_panel", scope="service", iss=b.HOME, sub="sam"))
VOICE = Role(id="r-eli", role="community_authority", scope=SIDE, iss=b.HOME, sub="eli")
ABROAD = replace(caller(grants=()), location="FR")
HELPS = replace(PAPER, benefit="Results go to the clinics of the valley first.")
ANSWER = {"REQ-ORIGIN-OBJECTED": "The valley gets a seat in the project."}


def eli(**changes: Any) -> Caller:
    return replace(who(ELI, VOICE), **changes)


def world(quorum: int = 1, *more: Any) -> Stage:
    return before_committee(ELI, GOVERNS, VOICE, *more, quorum=quorum)


async def handed(s: Stage) -> Application:
    done = await hand_in(s.world, ABROAD, (b.HEART,), HELPS)
    assert not isinstance(done, Reason), done
    await weighed(s, CHAIR, done.application)
    s.clock.advance(1)
    return done.application


async def yes(s: Stage, made: Application, by: Caller = CHAIR, answers: dict[str, str] | None = None) -> Any:
    return await decide_request.approve(s.world, by, request_of(s, made).id, "Good.", answers or {})


def standing(s: Stage, made: Application) -> Standing:
    origin = request_of(s, made).origin
    assert origin is not None
    return origin.standing(s.clock.now())


def over(s: Stage) -> None:
    s.clock.advance(20 * DAY)


@pytest.mark.row("WHO-3.5-2", "WHO-3.2-1")
async def test_a_yes_waits_for_the_time_of_the_place_of_origin_and_silence_is_kept_as_silence() -> None:
    s = world()
    made = await handed(s)
    origin = request_of(s, made).origin
    assert origin is not None
    refused = await yes(s, made)
    assert refused == Reason(code="REQ-ORIGIN-OPEN", facts=(("date", origin.last_day.isoformat()),))
    over(s)
    assert standing(s, made) is Standing.SILENT
    assert request_of(s, made).state is State.SUBMITTED, "silence answers nothing"
    done = await yes(s, made)
    assert isinstance(done, Decided)
    assert (s.ledger.entries[-1].kind, s.ledger.entries[-1].about["origin"]) == ("request.approved", "silent")
    kept = request_of(s, made).origin
    assert kept is not None
    assert (kept.found, kept.words) == (Standing.SILENT, ())


@pytest.mark.row("WHO-3.5-2")
async def test_a_no_waits_for_nobody_and_says_how_it_stood() -> None:
    s = world()
    made = await handed(s)
    done = await decide_request.reject(s.world, CHAIR, request_of(s, made).id, "No.")
    assert isinstance(done, Decided)
    assert s.ledger.entries[-1].about["origin"] == "open"


@pytest.mark.row("WHO-3.5-2")
async def test_who_has_spoken_needs_no_more_time_and_only_its_own_request_is_theirs() -> None:
    s = world()
    made = await handed(s)
    id = request_of(s, made).id
    done = await say(s.world, eli(), id, SIDE, " Tell us first. ", objects=False)
    assert isinstance(done, Request)
    assert s.ledger.entries[-1].kind == "origin.said"
    assert dict(s.ledger.entries[-1].about) == {"request": id, "side": SIDE, "objects": 0}
    assert "Tell us" not in str(s.ledger.entries[-1])
    assert standing(s, made) is Standing.SPOKEN
    assert isinstance(await yes(s, made), Decided)
    assert await say(s.world, eli(), id, SIDE, "Late.", objects=False) == Reason(code="REQ-ORIGIN-OVER")


@pytest.mark.row("WHO-3.5-2", "WHO-3.2-1")
@pytest.mark.parametrize("quorum", [1, 2])
async def test_an_objection_goes_to_a_vote_and_the_decision_answers_it(quorum: int) -> None:
    s = world(quorum)
    made = await handed(s)
    id, review = request_of(s, made).id, made.reviews[0]
    await say(s.world, eli(), id, SIDE, "Not ours to give.", objects=True)
    over(s)
    unheard = await yes(s, made, answers=ANSWER)
    assert isinstance(unheard, Reason)
    assert unheard.code == ("REQ-ORIGIN-VOTE" if quorum == 1 else "REQ-QUORUM")
    for one, choice in ((MEMBER, "no"), (OTHER_MEMBER, "yes")):
        await vote(s.world, one, review, b.HEART, choice, "So.")  # type: ignore[arg-type]
    assert await yes(s, made, answers=ANSWER) == Reason(code="REQ-ORIGIN-VOTE"), "as many against as for it"
    await vote(s.world, MEMBER, review, b.HEART, "yes", "So.")
    assert await yes(s, made) == Reason(code="REQ-ORIGIN-OBJECTED")
    assert await yes(s, made, answers={"REQ-ORIGIN-OBJECTED": " "}) == Reason(code="REQ-ORIGIN-OBJECTED")
    done = await yes(s, made, answers=ANSWER)
    assert isinstance(done, Decided)
    assert done.request.ground == f"Good.\n\n{ANSWER['REQ-ORIGIN-OBJECTED']}"
    assert done.request.origin is not None
    assert (done.request.origin.found, done.request.origin.answer) == (Standing.OBJECTED, ANSWER["REQ-ORIGIN-OBJECTED"])
    assert not done.grant or not done.grant.findings, "it is no finding that the rules read"
    assert s.ledger.entries[-1].about["origin"] == "objected"


@pytest.mark.row("WHO-3.5-2")
async def test_votes_of_who_stepped_aside_or_of_other_papers_answer_no_objection() -> None:
    s = world()
    made = await handed(s)
    await say(s.world, eli(), request_of(s, made).id, SIDE, "No.", objects=True)
    await vote(s.world, MEMBER, made.reviews[0], b.HEART, "yes", "So.")
    await give_back(s.world, CHAIR, made.reviews[0], [Said(text="Mend it.")])
    again = await hand_in_again(s.world, ABROAD, made.id, replace(HELPS, statement="Otherwise."))
    assert not isinstance(again, Reason)
    await weighed(s, CHAIR, made)
    assert standing(s, made) is Standing.OPEN, "other papers begin another time"
    over(s)
    assert await yes(s, made, answers=ANSWER) == Reason(code="REQ-ORIGIN-VOTE"), "the objection is not shaken off"


@pytest.mark.row("WHO-3.5-2")
async def test_a_request_made_alone_has_no_vote_and_needs_papers_where_somebody_objects() -> None:
    s = world()
    done = await submit(s.world, ABROAD, b.HEART, b.PURPOSE, "For science.", "It helps.")
    assert not isinstance(done, Reason)
    await say(s.world, eli(), done[0].id, SIDE, "No.", objects=True)
    over(s)
    refused = await decide_request.approve(s.world, MEMBER, done[0].id, "Good.", ANSWER)
    assert refused == Reason(code="REQ-APPLICATION-NEEDED")
    assert isinstance(await say(s.world, eli(), done[0].id, SIDE, "We were told.", objects=False), Request)
    assert isinstance(await decide_request.approve(s.world, MEMBER, done[0].id, "Good.", {}), Decided)


@pytest.mark.row("WHO-3.5-2")
async def test_an_answer_that_is_taken_up_again_still_answers_the_objection() -> None:
    s = world(2)
    made = await handed(s)
    await say(s.world, eli(), request_of(s, made).id, SIDE, "No.", objects=True)
    over(s)
    await decide_request.reject(s.world, CHAIR, request_of(s, made).id, "No.")
    for one in (MEMBER, OTHER_MEMBER):
        await vote(s.world, one, made.reviews[0], b.HEART, "no", "So.")
    rejected = await decide_request.reject(s.world, CHAIR, request_of(s, made).id, "No.")
    assert isinstance(rejected, Decided)
    assert isinstance(await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "Look again."), Review)
    for one in (MEMBER, OTHER_MEMBER):
        await vote(s.world, one, made.reviews[0], b.HEART, "yes", "So.")
    assert await yes(s, made) == Reason(code="REQ-ORIGIN-OBJECTED")
    assert isinstance(await yes(s, made, answers=ANSWER), Decided)


@pytest.mark.row("WHO-3.5-2")
@pytest.mark.parametrize("later", [False, True], ids=["in time", "later"])
async def test_a_no_that_is_challenged_with_success_leaves_the_place_of_origin_its_time(*, later: bool) -> None:
    s = world()
    made = await handed(s)
    id = request_of(s, made).id
    assert isinstance(await decide_request.reject(s.world, MEMBER, id, "Too wide."), Decided)
    case = await challenge(s.world, ABROAD, id, CaseKind.APPEAL, "You read the old papers.")
    assert isinstance(case, Case)
    assert isinstance(await answer_case(s.world, PANEL, case.id, "upheld", "The papers were the new ones."), Case)
    assert standing(s, made) is Standing.OPEN
    if later:
        over(s)
        assert standing(s, made) is Standing.SILENT
        assert isinstance(await yes(s, made), Decided)
        return
    assert isinstance(await say(s.world, eli(), id, SIDE, "Not without us.", objects=True), Request)
    assert await yes(s, made) == Reason(code="REQ-ORIGIN-VOTE")


@pytest.mark.row("WHO-3.2-1")
async def test_a_copy_of_ones_data_names_neither_who_spoke_nor_their_community() -> None:
    s = world()
    made = await handed(s)
    await say(s.world, eli(), request_of(s, made).id, SIDE, "Not without us.", objects=True)
    told: Any = await export(s.world, NO_LOG, b.ADA)
    (row,) = told["rows"][Request.KIND]
    assert [(one["side"], one["text"]) for one in row["origin"]["words"]] == [("community", "Not without us.")]
    assert str(ELI.id) not in str(told)
    assert str(VALLEY) not in str(told)


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize(
    "by",
    [
        caller(grants=()),
        MEMBER,
        who(SAM, replace(VOICE, scope="community:com_hill")),
        who(SAM, replace(VOICE, scope="service")),
        who(SAM, seat("community_authority", "sam", f"dataset:{b.HEART}")),
        who(ADA, VOICE),
    ],
    ids=["applicant", "member", "another community", "all", "the data", "speaks and applies"],
)
async def test_nobody_else_speaks_for_it(by: Caller) -> None:
    s = world()
    made = await handed(s)
    before = len(s.ledger.entries)
    for side in (SIDE, "community:com_hill", "origin:DE", "", "service"):
        done = await say(s.world, by, request_of(s, made).id, side, "Ours.", objects=True)
        assert done == Reason(code="REQ-NOT-FOUND")
    assert await say(s.world, eli(), RequestId("req_no"), SIDE, "Ours.", objects=True) == Reason(code="REQ-NOT-FOUND")
    assert len(s.ledger.entries) == before


@pytest.mark.row("WHO-3.2-1")
async def test_a_seat_for_the_place_of_origin_speaks_and_votes_like_others() -> None:
    seated = replace(seat("committee_member", "lee"), seat="origin:DE")
    s = before_committee(seated)
    made = await handed(s)
    member = who(LEE, seated)
    assert standing(s, made) is Standing.OPEN
    assert isinstance(await say(s.world, member, request_of(s, made).id, "origin:DE", "Fine.", objects=False), Request)
    assert isinstance(await vote(s.world, member, made.reviews[0], b.HEART, "yes", "So."), Review)


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize("text", ["", " \n", "x" * (MOST_TEXT + 1)])
async def test_nothing_and_too_much_are_no_comment(text: str) -> None:
    s = world()
    made = await handed(s)
    done = await say(s.world, eli(), request_of(s, made).id, SIDE, text, objects=True)
    assert isinstance(done, Reason)
    assert done.code == "REQ-INVALID"


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_word_without_its_entry(breaks: Any) -> None:
    s = world()
    made = await handed(s)
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await say(s.world, eli(), request_of(s, made).id, SIDE, "Ours.", objects=False)


@pytest.mark.row("WHO-3.5-2")
async def test_both_sides_hear_of_it_and_the_committee_of_silence() -> None:
    s = world()
    made = await handed(s)
    origin = request_of(s, made).origin
    assert origin is not None
    s.clock.advance(origin.until - 2 * DAY - s.clock.now())
    await remind(s.world, Channels())
    assert [one.notice.what for one in await inbox(s.world, eli())] == ["reminder.origin", "community.asked"]
    s.clock.advance(3 * DAY)
    await remind(s.world, Channels())
    assert "reminder.silence" in [one.notice.what for one in await inbox(s.world, MEMBER)]
    assert "reminder.silence" not in [one.notice.what for one in await inbox(s.world, ABROAD)]


@pytest.mark.row("WHO-3.5-2")
async def test_who_asks_and_the_committee_hear_that_something_was_said() -> None:
    s = world()
    made = await handed(s)
    s.clock.advance(1)
    await say(s.world, eli(), request_of(s, made).id, SIDE, "Ours.", objects=True)
    for one in (MEMBER, ABROAD):
        assert (await inbox(s.world, one))[0].notice.what == "origin.said"
    assert "origin.said" not in [one.notice.what for one in await inbox(s.world, eli())]
    s.clock.advance(20 * DAY)
    await remind(s.world, Channels())
    assert "reminder.silence" not in [one.notice.what for one in await inbox(s.world, MEMBER)]


@pytest.mark.row("WHO-3.5-2")
async def test_two_clicks_are_one_word_and_the_same_said_of_other_papers_is_another() -> None:
    s = world()
    made = await handed(s)
    id = request_of(s, made).id
    for _ in range(2):
        assert isinstance(await say(s.world, eli(), id, SIDE, "Ours.", objects=True), Request)
    assert s.kinds().count("origin.said") == 1
    await give_back(s.world, CHAIR, made.reviews[0], [Said(text="Mend it.")])
    s.clock.advance(1)
    await hand_in_again(s.world, ABROAD, made.id, replace(HELPS, statement="Otherwise."))
    s.clock.advance(1)
    assert standing(s, made) is Standing.OPEN
    await say(s.world, eli(), id, SIDE, "Ours.", objects=True)
    assert s.kinds().count("origin.said") == 2
    assert standing(s, made) is Standing.OBJECTED
