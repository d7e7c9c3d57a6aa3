"""An application from its draft to the answer: several committees, votes, giving back, correcting, and who may not."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.life import Command, Stage
from broker.core.access.parts import Part
from broker.core.access.states import State
from broker.core.ids import ApplicationId, DatasetId, Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.rows import Application, Committee, Grant, IdentityLink, Person, Request, Review, Revocation, Role
from broker.core.rows.applications import Assessment, Paper
from broker.core.time import Seconds
from broker.flows import decide_request, request_access
from broker.flows.applications import drafts
from broker.flows.applications.correct import reopen
from broker.flows.applications.desk import at_desk, desk, desks, requests
from broker.flows.applications.hand_in import hand_in, take_back
from broker.flows.applications.review import (
    Said,
    assess,
    confirm,
    endorse,
    give_back,
    invite,
    put_off,
    remark,
    step_aside,
    vote,
)
from broker.flows.applications.turns import hand_in_again
from broker.flows.decide_request import Decided, NotPossible
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA, MEI, caller, stage
from tests.flows.worlds import Stage as World

LUNG = DatasetId("https://bank.example/datasets/lung")
OTHER = "https://elsewhere.example/dac"
PAPER = Paper(title="Hearts", statement="Why hearts fail.", lay="Hearts.", purpose=b.PURPOSE)
LEE, SAM, ODA = (Person(id=PersonId(f"usr_{one}"), log_key="dd" * 32, created=START) for one in ("lee", "sam", "oda"))


def seat(role: str, sub: str, scope: str = f"committee:{b.DAC}") -> Role:
    return Role(id=f"{role}-{sub}-{scope}", role=role, scope=scope, iss=b.HOME, sub=sub)


def who(person: Person, *roles: Role) -> Caller:
    return caller(person, roles=roles)


CHAIR = who(MEI, seat("committee_chair", "mei"))
MEMBER = who(LEE, seat("committee_member", "lee"))
OTHER_MEMBER = who(SAM, seat("committee_member", "sam"))
HANDLER = who(ODA, seat("handler", "oda"))


def world(*more: Any, quorum: int = 1, endorsed: bool = False, confirmed: bool = False) -> World:
    committee = Committee(
        id=b.DAC,
        name="The committee",
        contact="dac@bank.example",
        voters=("bank",),
        quorum=quorum,
        endorsed=endorsed,
        confirmed=confirmed,
    )
    return stage(LEE, SAM, ODA, *more, committee=committee, grant=None)


def with_two() -> World:
    lung = replace(b.dataset(), id=LUNG, committee=OTHER)
    return world(lung, Committee(id=OTHER, name="Elsewhere", contact="dac@elsewhere.example", voters=("them",)))


async def handed(s: World, *datasets: DatasetId) -> Application:
    """Handed in; where it is in review already, the first committee has written down both sides."""
    done = await hand_in(s.world, caller(), datasets or (b.HEART,), PAPER)
    assert not isinstance(done, Reason), done
    if review_of(s, done.application).stage is Stage.IN_REVIEW:
        await weighed(s, CHAIR, done.application)
    return done.application


async def both_say_yes(s: World, application: Application) -> None:
    for one in (MEMBER, OTHER_MEMBER):
        assert isinstance(await vote(s.world, one, application.reviews[0], b.HEART, "yes", "Fine."), Review)


def review_of(s: World, application: Application, n: int = 0) -> Review:
    found = s.live.current().get(Review, application.reviews[n])
    assert found is not None
    return found


SIDES = Assessment(risk_of_use="Little.", risk_of_non_use="Hearts fail.", benefit="Less of it.", to_whom="Everybody.")


async def weighed(s: World, by: Caller, application: Application, n: int = 0) -> None:
    """Both sides of each dataset before a committee are written down."""
    for row in requests(review_of(s, application, n), s.live.current()):
        assert isinstance(await assess(s.world, by, application.reviews[n], row.dataset, SIDES), Review)


def request_of(s: World, application: Application, n: int = 0) -> Request:
    found = s.live.current().get(Request, review_of(s, application, n).requests[0])
    assert found is not None
    return found


async def test_handing_in_makes_a_request_for_each_dataset_and_a_review_for_each_committee() -> None:
    s = with_two()
    done = await hand_in(s.world, caller(), (b.HEART, LUNG, b.HEART), PAPER)
    assert not isinstance(done, Reason)
    made = done.application
    assert [one for one, _ in done.foreseen] == [b.HEART, LUNG]
    assert [review_of(s, made, n).committee for n in (0, 1)] == [b.DAC, OTHER]
    assert [request_of(s, made, n).dataset for n in (0, 1)] == [b.HEART, LUNG]
    assert {review_of(s, made, n).stage for n in (0, 1)} == {Stage.IN_REVIEW}
    assert s.kinds() == ["decision.made", "decision.made", "application.submitted"]
    assert s.ledger.entries[-1].about["application"] == made.id


async def test_one_committee_answers_while_the_other_gives_it_back() -> None:
    s = with_two()
    made = await handed(s, b.HEART, LUNG)
    done = await decide_request.approve(s.world, MEMBER, request_of(s, made).id, "Good.", {})
    assert isinstance(done, Decided)
    assert review_of(s, made).stage is Stage.DECIDED
    them = who(SAM, seat("committee_member", "sam", f"committee:{OTHER}"))
    assert isinstance(await give_back(s.world, them, made.reviews[1], [Said(text="Which hearts?")]), Review)
    assert review_of(s, made, 1).stage is Stage.RETURNED
    again = await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="Human hearts."))
    assert not isinstance(again, Reason)
    assert again.application.turn == 2
    assert (review_of(s, made).stage, review_of(s, made, 1).stage) == (Stage.DECIDED, Stage.IN_REVIEW)
    assert request_of(s, made).statement == PAPER.statement, "what was answered stays as it was"
    assert request_of(s, made, 1).statement == "Human hearts."


async def test_nobody_hands_in_again_what_was_not_given_back() -> None:
    s = world()
    made = await handed(s)
    refused = await hand_in_again(s.world, caller(), made.id, PAPER)
    assert refused == Reason(code="REQ-STATE", facts=(("state", "in_review"),))
    assert await hand_in_again(s.world, MEMBER, made.id, PAPER) == Reason(code="REQ-NOT-FOUND")


@pytest.mark.row("WF-PAPERS")
async def test_new_papers_reach_a_committee_that_had_not_given_them_back_and_its_votes_are_void() -> None:
    s = world(
        replace(b.dataset(), id=LUNG, committee=OTHER),
        Committee(id=OTHER, name="Elsewhere", contact="dac@elsewhere.example", voters=("them",)),
        quorum=2,
    )
    made = await handed(s, b.HEART, LUNG)
    await both_say_yes(s, made)
    them = who(ODA, seat("committee_member", "oda", f"committee:{OTHER}"))
    await give_back(s.world, them, made.reviews[1], [Said(text="Why?")])
    await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="Something else."))
    refused = await decide_request.approve(s.world, CHAIR, request_of(s, made).id, "Good.", {})
    assert refused == Reason(code="REQ-QUORUM", facts=(("votes", "0"), ("quorum", "2")))


@pytest.mark.row("WF-QUORUM")
async def test_a_committee_that_votes_answers_by_its_chair_and_as_it_voted() -> None:
    s = world(quorum=2)
    made = await handed(s)
    id, asked = made.reviews[0], request_of(s, made).id
    assert await decide_request.approve(s.world, CHAIR, asked, "Good.", {}) == Reason(
        code="REQ-QUORUM", facts=(("votes", "0"), ("quorum", "2"))
    )
    for one in (MEMBER, OTHER_MEMBER):
        assert isinstance(await vote(s.world, one, id, b.HEART, "no", "Too wide."), Review)
    assert await decide_request.approve(s.world, CHAIR, asked, "Good.", {}) == Reason(
        code="REQ-VOTED", facts=(("opinion", "no"),)
    )
    refused = await decide_request.reject(s.world, MEMBER, asked, "Too wide.")
    assert isinstance(refused, Reason)
    assert refused.code == "AUTH-NOT-YOURS"
    done = await decide_request.reject(s.world, CHAIR, asked, "Too wide.")
    assert isinstance(done, Decided)
    assert review_of(s, made).stage is Stage.DECIDED


@pytest.mark.row("WF-QUORUM")
async def test_a_yes_of_the_committee_cannot_become_a_no_of_its_chair_but_a_tie_is_theirs() -> None:
    s = world(quorum=2)
    made = await handed(s)
    id, asked = made.reviews[0], request_of(s, made).id
    await both_say_yes(s, made)
    assert await decide_request.reject(s.world, CHAIR, asked, "No.") == Reason(
        code="REQ-VOTED", facts=(("opinion", "yes"),)
    )
    await vote(s.world, OTHER_MEMBER, id, b.HEART, "no", "On second thoughts.")
    assert isinstance(await decide_request.approve(s.world, CHAIR, asked, "Good.", {}), Decided)


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
async def test_who_steps_aside_neither_votes_nor_answers_and_their_vote_is_gone() -> None:
    s = world(quorum=2)
    made = await handed(s)
    id, asked = made.reviews[0], request_of(s, made).id
    await both_say_yes(s, made)
    await step_aside(s.world, MEMBER, id, "We publish together.")
    assert await vote(s.world, MEMBER, id, b.HEART, "yes", "Still.") == Reason(code="REQ-STEPPED-ASIDE")
    assert await decide_request.approve(s.world, CHAIR, asked, "Good.", {}) == Reason(
        code="REQ-QUORUM", facts=(("votes", "1"), ("quorum", "2"))
    )
    await step_aside(s.world, CHAIR, id, "A friend.")
    assert await decide_request.approve(s.world, CHAIR, asked, "Good.", {}) == Reason(code="REQ-STEPPED-ASIDE")


@pytest.mark.row("WF-ASIDE", "WHO-3.1-6b")
async def test_past_hole_who_stepped_aside_gave_the_application_back() -> None:
    """Whatever a member may do, reading and stepping aside again excepted, is refused by the same word."""
    s = world(quorum=2)
    made = await handed(s)
    id = made.reviews[0]
    await step_aside(s.world, MEMBER, id, "We publish together.")
    found = desk(MEMBER, review_of(s, made), s.live.current())
    assert found is not None
    assert found.may == {Command.SEE, Command.STEP_ASIDE}
    aside = Reason(code="REQ-STEPPED-ASIDE")
    assert await give_back(s.world, MEMBER, id, [Said(text="Why?")]) == aside
    assert await remark(s.world, MEMBER, id, Said(text="Why?")) == aside
    assert await assess(s.world, MEMBER, id, b.HEART, SIDES) == aside
    kinds = s.kinds()
    assert isinstance(await step_aside(s.world, MEMBER, id, "Again."), Review)
    assert s.kinds() == kinds, "twice is once"


@pytest.mark.parametrize("wants", [{"quorum": 2}, {"endorsed": True}])
@pytest.mark.row("WF-ALONE")
async def test_a_request_made_alone_does_not_get_round_the_votes_or_the_endorsement(wants: dict[str, Any]) -> None:
    s = world(b.request(), **wants)
    needed = Reason(code="REQ-APPLICATION-NEEDED")
    assert await request_access.submit(s.world, caller(), b.HEART, b.PURPOSE, "Please.") == needed
    for one in (CHAIR, MEMBER):
        assert await decide_request.approve(s.world, one, b.request().id, "Good.", {}) == needed
    assert isinstance(await decide_request.reject(s.world, MEMBER, b.request().id, "No."), Decided)


async def test_nobody_votes_twice_by_two_identities() -> None:
    lee_too = PersonId("usr_lee_too")
    link = IdentityLink(
        id="lnk",
        persons=(LEE.id, lee_too),
        identities=((b.HOME, "lee"), (Issuer("https://two.example"), "lee")),
        since=START,
    )
    s = world(link, quorum=2)
    made = await handed(s)
    twice = who(replace(LEE, id=lee_too), seat("committee_member", "lee-too"))
    await vote(s.world, MEMBER, made.reviews[0], b.HEART, "yes", "Fine.")
    await vote(s.world, twice, made.reviews[0], b.HEART, "yes", "Fine.")
    assert len(review_of(s, made).votes) == 1


@pytest.mark.row("WF-OWN")
async def test_a_member_who_applies_has_no_part_in_the_decision_nor_has_their_other_identity() -> None:
    ada_too = PersonId("usr_ada_too")
    link = IdentityLink(
        id="lnk",
        persons=(b.ADA, ada_too),
        identities=((b.HOME, "ada"), (Issuer("https://two.example"), "ada")),
        since=START,
    )
    s = world(link)
    made = await handed(s)
    everything = (seat("committee_chair", "ada"), seat("handler", "ada"), seat("auditor", "ada", "service"))
    for person in (ADA, replace(ADA, id=ada_too)):
        found = desk(who(person, *everything), review_of(s, made), s.live.current())
        assert found is not None
        assert found.parts == {Part.APPLICANT}
        refused = await decide_request.approve(s.world, who(person, *everything), request_of(s, made).id, "Mine.", {})
        assert refused == Reason(code="REQ-OWN")


@pytest.mark.row("WF-ENDORSE", "WHO-3.8-1")
@pytest.mark.row("WF-PAPERS")
async def test_a_signing_official_of_the_applicants_institution_endorses_first() -> None:
    s = world(endorsed=True)
    made = await handed(s)
    id = made.reviews[0]
    home = s.live.current().organisations(["rhine.example"])[0]
    official = who(SAM, seat("signing_official", "sam", f"organisation:{home.id}"))
    stranger = who(SAM, seat("signing_official", "sam", "organisation:other"))
    assert review_of(s, made).stage is Stage.SUBMITTED
    waits = await decide_request.approve(s.world, MEMBER, request_of(s, made).id, "Good.", {})
    assert waits == Reason(code="REQ-STATE", facts=(("state", "submitted"),))
    assert await endorse(s.world, stranger, id, yes=True, ground="Ours.") == Reason(code="REQ-NOT-FOUND")
    done = await endorse(s.world, official, id, yes=True, ground="Ours.")
    assert isinstance(done, Review)
    assert (done.stage, done.endorsed_by) == (Stage.IN_REVIEW, SAM.id)
    await give_back(s.world, MEMBER, id, [Said(text="Which hearts?")])
    await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="Something else entirely."))
    assert (review_of(s, made).stage, review_of(s, made).endorsed_by) == (Stage.SUBMITTED, None), (
        "they read other papers"
    )


@pytest.mark.row("WF-CONFIRM")
@pytest.mark.parametrize("first", ["endorse", "confirm"])
async def test_official_and_it_director_both_answer_and_the_last_moves_it_on(first: str) -> None:
    s = world(endorsed=True, confirmed=True)
    made = await handed(s)
    id, home = made.reviews[0], s.live.current().organisations(["rhine.example"])[0]
    official = who(SAM, seat("signing_official", "sam", f"organisation:{home.id}"))
    director = who(SAM, seat("it_director", "sam", f"organisation:{home.id}"))
    steps = {"endorse": (endorse, official, director), "confirm": (confirm, director, official)}
    step, right, wrong = steps.pop(first)
    other, last, _ = next(iter(steps.values()))
    refused = await step(s.world, wrong, id, yes=True, ground="x")
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-NOT-YOUR-PART"
    for _ in range(2):
        done = await step(s.world, right, id, yes=True, ground="As it says.")
        assert isinstance(done, Review)
        assert done.stage is Stage.SUBMITTED, "one of them is not both"
    done = await other(s.world, last, id, yes=True, ground="As it says.")
    assert isinstance(done, Review)
    assert (done.stage, done.endorsed_by, done.confirmed_by) == (Stage.IN_REVIEW, SAM.id, SAM.id)
    await give_back(s.world, MEMBER, id, [Said(text="Which hearts?")])
    await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="On another machine."))
    again = review_of(s, made)
    assert (again.stage, again.endorsed_by, again.confirmed_by) == (Stage.SUBMITTED, None, None)


@pytest.mark.row("WF-CONFIRM")
async def test_an_it_director_reads_and_stops_nothing_where_the_committee_does_not_ask_for_one() -> None:
    s = world(endorsed=True)
    made = await handed(s)
    home = s.live.current().organisations(["rhine.example"])[0]
    director = who(SAM, seat("it_director", "sam", f"organisation:{home.id}"))
    assert desks(director, made.id, s.live.current()) == ()
    for yes in (True, False):
        refused = await confirm(s.world, director, made.reviews[0], yes=yes, ground="No.")
        assert isinstance(refused, Reason)
        assert refused.code == "REQ-NOT-FOUND"


@pytest.mark.row("WF-CONFIRM")
async def test_an_it_director_answers_alone_where_the_committee_wants_nobody_else() -> None:
    s = world(confirmed=True)
    made = await handed(s)
    home = s.live.current().organisations(["rhine.example"])[0]
    director = who(SAM, seat("it_director", "sam", f"organisation:{home.id}"))
    assert isinstance(await decide_request.approve(s.world, MEMBER, request_of(s, made).id, "Good.", {}), Reason)
    done = await confirm(s.world, director, made.reviews[0], yes=False, ground="Not encrypted.")
    assert isinstance(done, Review)
    assert (done.stage, done.remarks[-1].part) == (Stage.RETURNED, Part.IT_DIRECTOR)
    await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="Encrypted."))
    done = await confirm(s.world, director, made.reviews[0], yes=True, ground="As it says.")
    assert isinstance(done, Review)
    assert done.stage is Stage.IN_REVIEW


async def test_what_the_official_does_not_endorse_goes_back() -> None:
    s = world(endorsed=True)
    made = await handed(s)
    home = s.live.current().organisations(["rhine.example"])[0]
    official = who(SAM, seat("signing_official", "sam", f"organisation:{home.id}"))
    done = await endorse(s.world, official, made.reviews[0], yes=False, ground="Not insured.")
    assert isinstance(done, Review)
    assert (done.stage, done.remarks[-1].text, done.remarks[-1].part) == (
        Stage.RETURNED, "Not insured.", Part.SIGNING_OFFICIAL,
    )  # fmt: skip


async def test_an_invited_decider_answers_this_application_and_no_other() -> None:
    s = world()
    made, other = await handed(s), await handed(s)
    assert isinstance(await invite(s.world, HANDLER, made.reviews[0], SAM.id, Part.DECIDER), Review)
    assert await decide_request.reject(s.world, who(SAM), request_of(s, other).id, "No.") == Reason(
        code="REQ-NOT-FOUND"
    )
    assert isinstance(await decide_request.reject(s.world, who(SAM), request_of(s, made).id, "No."), Decided)


async def test_applicants_are_not_invited_to_judge_themselves_and_reviewers_do_not_answer() -> None:
    s = world()
    made = await handed(s)
    assert await invite(s.world, HANDLER, made.reviews[0], b.ADA, Part.DECIDER) == Reason(code="REQ-OWN")
    assert await invite(s.world, HANDLER, made.reviews[0], PersonId("usr_no"), Part.DECIDER) == Reason(
        code="REQ-NOT-FOUND"
    )
    await invite(s.world, HANDLER, made.reviews[0], SAM.id, Part.REVIEWER)
    refused = await decide_request.approve(s.world, who(SAM), request_of(s, made).id, "Good.", {})
    assert refused == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "decide"),))


@pytest.mark.row("WF-RETURN")
async def test_giving_back_says_what_is_to_be_mended() -> None:
    s = world()
    made = await handed(s)
    only_inside = await give_back(s.world, MEMBER, made.reviews[0], [Said(text="Odd.", to="committee")])
    assert isinstance(only_inside, Reason)
    assert only_inside.code == "REQ-INVALID"
    assert review_of(s, made).stage is Stage.IN_REVIEW


async def test_applicants_speak_to_everybody() -> None:
    s = world()
    made = await handed(s)
    assert isinstance(await remark(s.world, caller(), made.reviews[0], Said(text="Any news?")), Review)
    refused = await remark(s.world, caller(), made.reviews[0], Said(text="Psst.", to="committee"))
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-NOT-YOUR-PART"


async def test_what_was_taken_back_is_answered_by_nobody() -> None:
    s = with_two()
    made = await handed(s, b.HEART, LUNG)
    assert isinstance(await take_back(s.world, caller(), made.id), Application)
    assert {request_of(s, made, n).state for n in (0, 1)} == {State.WITHDRAWN}
    refused = await decide_request.approve(s.world, MEMBER, request_of(s, made).id, "Good.", {})
    assert refused == Reason(code="REQ-STATE", facts=(("state", "withdrawn"),))


@pytest.mark.row("WF-CORRECT")
async def test_a_yes_that_is_corrected_ends_at_once_and_both_answers_are_kept() -> None:
    s = world()
    made = await handed(s)
    asked = request_of(s, made).id
    first = await decide_request.approve(s.world, MEMBER, asked, "Good.", {})
    assert isinstance(first, Decided)
    assert first.grant is not None
    refused = await reopen(s.world, MEMBER, made.reviews[0], b.HEART, "A mistake.")
    assert refused == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "reopen"),))
    done = await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "A mistake.")
    assert isinstance(done, Review)
    assert s.live.current().get(Revocation, f"grant:{first.grant.id}") is not None
    assert s.live.current().get(Grant, first.grant.id) == first.grant
    again = request_of(s, made)
    assert (again.state, again.grant, again.decisions) == (State.SUBMITTED, None, (first.id,))
    second = await decide_request.reject(s.world, MEMBER, asked, "Too wide.")
    assert isinstance(second, Decided)
    assert request_of(s, made).decisions == (first.id,)
    assert s.ledger.entries[-2].about["grants"] == (first.grant.id,)


async def test_a_vote_given_before_an_answer_was_corrected_counts_no_longer() -> None:
    s = world(quorum=2)
    made = await handed(s)
    await both_say_yes(s, made)
    await decide_request.approve(s.world, CHAIR, request_of(s, made).id, "Good.", {})
    await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "A mistake.")
    assert review_of(s, made).votes == ()


@pytest.mark.row("WF-HIDDEN")
async def test_strangers_do_not_learn_that_there_is_an_application() -> None:
    s = with_two()
    made = await handed(s)
    them = who(SAM, seat("committee_member", "sam", f"committee:{OTHER}"))
    for stranger in (who(SAM), them):
        assert desks(stranger, made.id, s.live.current()) == ()
        for tried in every_step(s, stranger, made):
            assert await tried() == Reason(code="REQ-NOT-FOUND")
    assert desks(who(SAM), ApplicationId("app_no"), s.live.current()) == ()


@pytest.mark.row("WHO-3.3-2")
@pytest.mark.parametrize("answer", ["approve", "reject"])
async def test_neither_yes_nor_no_is_said_before_both_sides_are_written_down(answer: str) -> None:
    s = world()
    done = await hand_in(s.world, caller(), (b.HEART,), PAPER)
    assert not isinstance(done, Reason)
    made, id = done.application, done.application.reviews[0]

    async def answered() -> Decided | NotPossible | Reason:
        asked = request_of(s, made).id
        if answer == "approve":
            return await decide_request.approve(s.world, MEMBER, asked, "So.", {})
        return await decide_request.reject(s.world, MEMBER, asked, "So.")

    needed = Reason(code="REQ-UNASSESSED")
    assert await answered() == needed
    for side in ("risk_of_use", "risk_of_non_use", "benefit", "to_whom"):
        assert await assess(s.world, MEMBER, id, b.HEART, replace(SIDES, **{side: " "})) == needed
    assert await assess(s.world, MEMBER, id, LUNG, SIDES) == Reason(code="REQ-NOT-FOUND")
    assert await answered() == needed
    await give_back(s.world, MEMBER, id, [Said(text="Why?")])
    assert not isinstance(await assess(s.world, MEMBER, id, b.HEART, SIDES), Review), "not while it is given back"
    await hand_in_again(s.world, caller(), made.id, PAPER)
    await weighed(s, OTHER_MEMBER, made)
    await step_aside(s.world, OTHER_MEMBER, id, "A friend.")
    assert await answered() == needed, "what somebody wrote who stepped aside is no assessment"
    await weighed(s, CHAIR, made)
    assert isinstance(await answered(), Decided)
    assert s.kinds().count("review.assessed") == 2


@pytest.mark.row("WHO-3.3-2")
async def test_an_assessment_is_of_the_papers_that_were_read() -> None:
    s = world()
    made = await handed(s)
    await give_back(s.world, MEMBER, made.reviews[0], [Said(text="Which?")])
    await hand_in_again(s.world, caller(), made.id, replace(PAPER, statement="Something else."))
    done = await decide_request.approve(s.world, MEMBER, request_of(s, made).id, "Good.", {})
    assert done == Reason(code="REQ-UNASSESSED")


@pytest.mark.row("WHO-3.6-5")
async def test_a_committee_that_needs_longer_says_why_and_by_when_and_the_applicant_reads_it() -> None:
    s = world()
    made = await handed(s)
    id, day = made.reviews[0], 86_400
    days = review_of(s, made).clock.due(Stage.IN_REVIEW, 14)
    assert days is not None
    until = Seconds(days + 10 * day)
    for wrong, ground in ((days, "So."), (START, "So."), (Seconds(START + 93 * day), "So."), (until, " ")):
        refused = await put_off(s.world, CHAIR, id, wrong, ground)
        assert isinstance(refused, Reason)
        assert refused.code == "REQ-INVALID"
    assert await put_off(s.world, MEMBER, id, until, "So.") == Reason(
        code="REQ-NOT-YOUR-PART", facts=(("step", "delay"),)
    )
    assert await put_off(s.world, caller(), id, until, "So.") == Reason(
        code="REQ-NOT-YOUR-PART", facts=(("step", "delay"),)
    )
    done = await put_off(s.world, HANDLER, id, until, "The ethics board meets in March.")
    assert isinstance(done, Review)
    assert (done.clock.due(done.stage, 14), done.remarks[-1].to) == (until, "everybody")
    assert not done.clock.late(done.stage, 14, Seconds(until - 1))
    assert done.clock.late(done.stage, 14, until), "silence after that is late, and never a yes"
    assert s.kinds()[-1] == "review.delayed"


@pytest.mark.row("WHO-3.7-3")
@pytest.mark.parametrize("lay", ["", " \n"])
async def test_without_plain_words_for_everybody_nothing_is_handed_in(lay: str) -> None:
    s = world()
    assert await hand_in(s.world, caller(), (b.HEART,), replace(PAPER, lay=lay)) == Reason(code="REQ-LAY-UNSTATED")
    made = await handed(s)
    await give_back(s.world, MEMBER, made.reviews[0], [Said(text="Which?")])
    assert await hand_in_again(s.world, caller(), made.id, replace(PAPER, lay=lay)) == Reason(code="REQ-LAY-UNSTATED")
    assert s.kinds().count("application.submitted") == 1


def every_step(s: World, by: Caller, made: Application) -> list[Callable[[], Awaitable[object]]]:
    id = made.reviews[0]
    return [
        lambda: endorse(s.world, by, id, yes=True, ground="So."),
        lambda: assess(s.world, by, id, b.HEART, SIDES),
        lambda: put_off(s.world, by, id, Seconds(START + 86_400 * 60), "So."),
        lambda: remark(s.world, by, id, Said(text="So.")),
        lambda: invite(s.world, by, id, LEE.id, Part.REVIEWER),
        lambda: vote(s.world, by, id, b.HEART, "yes", "So."),
        lambda: step_aside(s.world, by, id, "So."),
        lambda: give_back(s.world, by, id, [Said(text="So.")]),
        lambda: reopen(s.world, by, id, b.HEART, "So."),
        lambda: take_back(s.world, by, made.id),
        lambda: hand_in_again(s.world, by, made.id, PAPER),
        lambda: decide_request.approve(s.world, by, request_of(s, made).id, "So.", {}),
    ]


async def test_every_step_is_on_record_with_who_took_it() -> None:
    s = world(quorum=2)
    made = await handed(s)
    id = made.reviews[0]
    await remark(s.world, MEMBER, id, Said(text="Hm.", to="committee"))
    await invite(s.world, HANDLER, id, SAM.id, Part.REVIEWER)
    await vote(s.world, MEMBER, id, b.HEART, "yes", "Fine.")
    await step_aside(s.world, OTHER_MEMBER, id, "A friend.")
    await give_back(s.world, CHAIR, id, [Said(text="Which?")])
    assert s.kinds()[3:] == [
        "review.remarked", "review.invited", "review.voted", "review.stepped_aside", "review.returned",
    ]  # fmt: skip
    assert all(one.who for one in s.ledger.entries)
    assert "Hm." not in str(s.ledger.entries), "what was said is a row, and no entry"


@pytest.mark.parametrize("n", [0, 101])
async def test_an_application_is_for_one_dataset_at_least_and_a_hundred_at_most(n: int) -> None:
    s = world()
    refused = await hand_in(s.world, caller(), [DatasetId(f"https://bank.example/{one}") for one in range(n)], PAPER)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-INVALID"
    assert s.kinds() == []


async def test_a_copy_begins_with_ones_own_application_only() -> None:
    s = world()
    made = await handed(s)
    copied = await hand_in(s.world, caller(), [b.HEART], PAPER, copied_from=made.id)
    assert not isinstance(copied, Reason)
    assert copied.application.copied_from == made.id
    stolen = await hand_in(s.world, who(SAM), [b.HEART], PAPER, copied_from=made.id)
    assert stolen == Reason(code="REQ-NOT-FOUND")


@pytest.mark.row("WF-DRAFT")
async def test_a_draft_is_kept_as_typed_and_seen_by_its_author_alone() -> None:
    s = world()
    id = await drafts.save(s.world, caller(), None, {"statement": "Why he"})
    assert isinstance(id, str)
    assert await drafts.save(s.world, caller(), id, {"statement": "Why hearts"}) == id
    found = await drafts.read(s.world, caller(), id)
    assert not isinstance(found, Reason)
    assert found["value"] == {"statement": "Why hearts"}
    for tried in (drafts.read(s.world, CHAIR, id), drafts.save(s.world, CHAIR, id, {})):
        assert await tried == Reason(code="REQ-NOT-FOUND")
    await drafts.delete(s.world, CHAIR, id)
    assert await drafts.listed(s.world, caller()) == (id,)
    await drafts.delete(s.world, caller(), id)
    await drafts.delete(s.world, caller(), id)
    assert await drafts.listed(s.world, caller()) == ()
    assert s.kinds() == [], "a draft gives nobody anything"


async def test_a_person_has_twenty_drafts_and_no_more() -> None:
    s = world()
    made = [await drafts.save(s.world, caller(), None, {}) for _ in range(drafts.MOST_DRAFTS)]
    assert all(isinstance(one, str) for one in made)
    assert await drafts.save(s.world, caller(), None, {}) == Reason(code="REQ-DRAFTS", facts=(("limit", "20"),))
    assert await drafts.save(s.world, caller(), str(made[0]), {"x": 1}) == made[0]


async def test_a_handler_brings_it_forward_and_answers_nothing() -> None:
    s = world()
    made = await handed(s)
    found = at_desk(HANDLER, made.reviews[0], Command.RETURN, s.live.current())
    assert not isinstance(found, Reason)
    assert not found.may & {Command.DECIDE, Command.VOTE, Command.REOPEN}
    refused = await decide_request.approve(s.world, HANDLER, request_of(s, made).id, "Good.", {})
    assert refused == Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "decide"),))
