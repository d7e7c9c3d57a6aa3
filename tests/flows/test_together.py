"""People who apply together, and what was approved and is amended: who joins, what opens when, and what ends."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.access.grants import USED, GrantCommand
from broker.core.access.life import Stage
from broker.core.access.parts import Part
from broker.core.access.states import State
from broker.core.amending import asked
from broker.core.decision.answering import Given
from broker.core.grants import stage as stage_of
from broker.core.ids import DatasetId, Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.purpose import Kind
from broker.core.rows import Application, Grant, IdentityLink, Notice, Request, Review
from broker.core.time import Seconds
from broker.flows import decide_request
from broker.flows.applications.correct import reopen
from broker.flows.applications.desk import desk, desks, requests
from broker.flows.applications.hand_in import HandedIn, take_back
from broker.flows.applications.review import Said as Remarked
from broker.flows.applications.review import assess, endorse, give_back, invite, vote
from broker.flows.applications.together import CODE_LIFE, MOST_PEOPLE, Code, Invitation, asked_by, bring, join, part
from broker.flows.applications.turns import MOST_ASKED, amend, hand_in_again
from broker.flows.assertions import accept_terms
from broker.flows.decide_request import Decided
from broker.flows.give_finding import give_finding
from broker.flows.grants.desk import at_grant
from broker.flows.grants.end import stop
from broker.flows.register import of_grant
from broker.flows.use_data import Refused, Ticket, ask
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.test_applications import (
    CHAIR,
    HANDLER,
    LEE,
    LUNG,
    MEMBER,
    ODA,
    OTHER_MEMBER,
    PAPER,
    SAM,
    SIDES,
    handed,
    review_of,
    seat,
    who,
    with_two,
    world,
)
from tests.flows.worlds import PIA, caller
from tests.flows.worlds import Stage as World

ADA = caller(ends=Seconds(START + 10**9))
TEAM = caller(ODA, affiliations=("staff@rhine.example",), location="DE", ends=Seconds(START + 10**9))
"""Oda, of Ada's institution."""
ELSE = replace(
    PAPER, purpose=replace(b.PURPOSE, kinds=frozenset({Kind.DISEASE}), diseases=frozenset({"MONDO:0005148"}))
)
"""The same project with another purpose."""


async def joined(s: World, made: Application, by: Caller = TEAM) -> Application:
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code), code
    done = await join(s.world, by, code.code)
    assert isinstance(done, Application), done
    return done


async def approved(s: World, made: Application, n: int = 0) -> list[Grant]:
    """What waits before a committee is weighed, voted on and approved; the grants."""
    review = review_of(s, made, n)
    grants = []
    for row in requests(review, s.live.current()):
        if row.state is State.SUBMITTED:
            assert isinstance(await assess(s.world, CHAIR, review.id, row.dataset, SIDES), Review)
            done = await decide_request.approve(s.world, CHAIR, row.id, "Good.", {})
            assert isinstance(done, Decided), done
            assert done.grant is not None
            grants.append(done.grant)
    return grants


async def refusal(s: World, by: Caller, *grants: Grant) -> str | None:
    """The code that refuses a use under any of these grants now; None: it is permitted."""
    done = await ask(s.world, replace(by, grants=tuple(one.id for one in grants)), b.ONE)
    if isinstance(done, Ticket):
        return None
    assert isinstance(done, Refused)
    return done.decision.reasons[0].code


def now(s: World, made: Application) -> Application:
    found = s.live.current().get(Application, made.id)
    assert found is not None
    return found


def rows(s: World, made: Application) -> dict[PersonId, Request]:
    """The last request of each person."""
    return {row.person: row for row in sorted(asked(now(s, made), s.live.current()), key=lambda row: row.turn)}


@pytest.mark.row("WF-TOGETHER")
async def test_each_who_joins_is_asked_about_answered_and_bound_for_themselves() -> None:
    s = world()
    made = await joined(s, await handed(s))
    assert made.people == (b.ADA, ODA.id)
    theirs = rows(s, made)
    assert theirs[ODA.id].affiliations == TEAM.affiliations, "as their own sign-in says"
    assert theirs[ODA.id].foresight != theirs[b.ADA].foresight
    grants = await approved(s, made)
    assert [one.person for one in grants] == [b.ADA, ODA.id]
    for by, own, other in ((ADA, grants[0], grants[1]), (TEAM, grants[1], grants[0])):
        assert await refusal(s, by, own) is None
        assert await refusal(s, by, other) is not None, "nobody uses what another was given"
    assert s.kinds().count("application.joined") == 1


@pytest.mark.row("WF-TOGETHER")
async def test_each_accepts_the_terms_themselves() -> None:
    terms, sha = "https://bank.example/terms/1", "ab" * 32
    s = world(replace(b.dataset(terms_of_use=terms, terms_sha256=sha), version=1))
    made = await joined(s, await handed(s))
    grants = await approved(s, made)
    await accept_terms(s.world, ADA, terms, sha)
    assert await refusal(s, ADA, grants[0]) is None
    assert await refusal(s, TEAM, grants[1]) == "AUTH-TERMS"
    await accept_terms(s.world, TEAM, terms, sha)
    assert await refusal(s, TEAM, grants[1]) is None


@pytest.mark.row("WF-TOGETHER")
async def test_a_code_joins_one_person_and_lasts_two_weeks() -> None:
    s = world()
    made = await handed(s)
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code)
    seen = await asked_by(s.world, TEAM, f" {code.code} ")
    assert isinstance(seen, Invitation)
    assert (seen.application.id, seen.paper) == (made.id, made.paper)
    assert await asked_by(s.world, caller(PIA), code.code) == Reason(code="REQ-NOT-FOUND"), "participants do not apply"
    assert isinstance(await join(s.world, TEAM, code.code), Application)
    assert await join(s.world, who(SAM), code.code) == Reason(code="REQ-NOT-FOUND")
    assert await asked_by(s.world, who(SAM), code.code) == Reason(code="REQ-NOT-FOUND"), "nor is it read by another"
    late = await bring(s.world, ADA, made.id)
    assert isinstance(late, Code)
    s.clock.advance(CODE_LIFE)
    assert await join(s.world, who(SAM), late.code) == Reason(code="REQ-NOT-FOUND")
    assert await join(s.world, who(SAM), "nonsense") == Reason(code="REQ-NOT-FOUND")


async def test_who_applies_already_joins_once() -> None:
    link = IdentityLink(
        id="lnk", persons=(b.ADA, SAM.id), identities=((b.HOME, "ada"), (Issuer("https://two.example"), "sam")),
        since=START,
    )  # fmt: skip
    s = world(link)
    made = await joined(s, await handed(s))
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code)
    assert await join(s.world, TEAM, code.code) == now(s, made)
    assert await join(s.world, who(SAM), code.code) == Reason(code="REQ-OWN"), "another identity of the applicant's"
    assert now(s, made).people == (b.ADA, ODA.id)


async def test_only_the_applicant_lets_somebody_join_and_not_what_was_taken_back() -> None:
    s = world()
    made = await joined(s, await handed(s))
    assert await bring(s.world, TEAM, made.id) == Reason(code="REQ-NOT-FOUND")
    assert await bring(s.world, MEMBER, made.id) == Reason(code="REQ-NOT-FOUND")
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code)
    await take_back(s.world, ADA, made.id)
    assert {row.state for row in rows(s, made).values()} == {State.WITHDRAWN}, "all of it, also who joined"
    ended = Reason(code="REQ-STATE", facts=(("state", "withdrawn"),))
    assert await bring(s.world, ADA, made.id) == ended
    assert await join(s.world, who(SAM), code.code) == ended


@pytest.mark.row("WF-OWN", "WF-I2")
async def test_who_applies_with_others_or_once_did_has_no_say_in_it_whatever_they_are() -> None:
    """I2, of everybody who applies: no answer, vote, finding, invitation, and no hand on the grants of the others."""
    seats = [("committee_chair", f"committee:{b.DAC}"), ("handler", f"committee:{b.DAC}")]
    seats += [(role, "service") for role in ("admin", "auditor", "ethics_committee")]
    roles = tuple(seat(role, "oda", scope) for role, scope in seats)
    s = world()
    made = await joined(s, await handed(s), replace(TEAM, roles=roles))
    oda = replace(TEAM, roles=roles)
    found = desk(oda, review_of(s, made), s.live.current())
    assert found is not None
    assert found.parts == {Part.ACCESSOR}
    review, asked_for = made.reviews[0], rows(s, made)[b.ADA].id
    for gone in (False, True):
        if gone:
            await part(s.world, oda, made.id, ODA.id)
            assert desk(oda, review_of(s, made), s.live.current()) is None
        for refused in (
            await decide_request.approve(s.world, oda, asked_for, "Ours.", {}),
            await decide_request.reject(s.world, oda, asked_for, "Ours."),
            await vote(s.world, oda, review, b.HEART, "yes", "Ours."),
            await give_back(s.world, oda, review, [Remarked(text="Ours.")]),
            await give_finding(s.world, oda, asked_for, "ethics_committee", Given(code="CON-SILENT", ground="Ours.")),
            await invite(s.world, CHAIR, review, ODA.id, Part.DECIDER),
        ):
            assert isinstance(refused, Reason)
            assert refused.code in {"REQ-OWN", "REQ-NOT-YOUR-PART", "REQ-NOT-FOUND"}
    grant = (await approved(s, made))[0]
    for command in (GrantCommand.SEE, GrantCommand.SUSPEND, GrantCommand.EXTEND):
        assert at_grant(oda, grant.id, command, s.live.current(), s.clock.now()) == Reason(code="REQ-NOT-FOUND")


@pytest.mark.row("WF-PAPERS")
async def test_a_committee_that_voted_votes_again_when_somebody_joins() -> None:
    s = world(quorum=2)
    made = await handed(s)
    for one in (MEMBER, OTHER_MEMBER):
        await vote(s.world, one, made.reviews[0], b.HEART, "yes", "Fine.")
    made = await joined(s, made)
    for row in rows(s, made).values():
        refused = await decide_request.approve(s.world, CHAIR, row.id, "Good.", {})
        assert refused == Reason(code="REQ-QUORUM", facts=(("votes", "0"), ("quorum", "2")))


@pytest.mark.row("WF-ENDORSE")
async def test_where_an_institution_stands_behind_it_only_its_own_people_join_and_it_endorses_anew() -> None:
    s = world(endorsed=True)
    made = await handed(s)
    home = s.live.current().organisations(["rhine.example"])[0]
    official = who(SAM, seat("signing_official", "sam", f"organisation:{home.id}"))
    await endorse(s.world, official, made.reviews[0], yes=True, ground="Ours.")
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code)
    assert await join(s.world, replace(TEAM, affiliations=("x@alps.example",)), code.code) == Reason(
        code="REQ-OTHER-HOME"
    )
    assert isinstance(await join(s.world, TEAM, code.code), Application)
    assert (review_of(s, made).stage, review_of(s, made).endorsed_by) == (Stage.SUBMITTED, None)


async def test_joining_does_not_mend_what_was_given_back() -> None:
    s = world()
    made = await handed(s)
    await give_back(s.world, MEMBER, made.reviews[0], [Remarked(text="Which hearts?")])
    made = await joined(s, made)
    assert review_of(s, made).stage is Stage.RETURNED
    again = await hand_in_again(s.world, ADA, made.id, replace(PAPER, statement="Human hearts."))
    assert isinstance(again, HandedIn)
    theirs = rows(s, made)
    assert {row.statement for row in theirs.values()} == {"Human hearts."}
    assert [theirs[one].affiliations for one in made.people] == [ADA.affiliations, TEAM.affiliations]
    assert [dataset for dataset, _ in again.foreseen] == [b.HEART], "what is foreseen for others is told to them"


@pytest.mark.row("WF-TOGETHER")
async def test_who_leaves_or_is_parted_with_loses_their_grants_at_once_and_the_others_nothing() -> None:
    for by in (TEAM, ADA):
        s = world()
        made = await joined(s, await handed(s))
        grants = await approved(s, made)
        done = await part(s.world, by, made.id, ODA.id)
        assert isinstance(done, Application)
        assert done.people == (b.ADA,)
        assert await refusal(s, TEAM, grants[1]) == "AUTH-GRANT-REVOKED"
        assert await refusal(s, ADA, grants[0]) is None
        assert desks(TEAM, made.id, s.live.current()) == ()
        assert isinstance(await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "A mistake."), Review)
        assert rows(s, made)[ODA.id].state is State.REVOKED, "a correction is for those who still apply"
        told = [row for row in s.ledger.rows.values() if isinstance(row, Notice) and row.to == f"person:{ODA.id}"]
        assert "grant.revoked" in {row.what for row in told}


async def test_nobody_parts_with_others_but_the_applicant() -> None:
    s = world()
    made = await joined(s, await joined(s, await handed(s)), caller(SAM, affiliations=(), location="DE"))
    stranger, not_mine = Reason(code="REQ-NOT-FOUND"), Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "remove"),))
    assert await part(s.world, TEAM, made.id, SAM.id) == not_mine
    assert await part(s.world, MEMBER, made.id, SAM.id) == not_mine
    assert await part(s.world, ADA, made.id, b.ADA) == stranger, "the applicant takes it back instead"
    assert await part(s.world, ADA, made.id, LEE.id) == stranger
    assert now(s, made).people == (b.ADA, ODA.id, SAM.id)


async def test_an_application_that_waited_only_for_who_left_is_answered() -> None:
    s = world()
    made = await handed(s)
    await approved(s, made)
    made = await joined(s, made)
    assert review_of(s, made).stage is Stage.IN_REVIEW
    await part(s.world, TEAM, made.id, ODA.id)
    assert review_of(s, made).stage is Stage.DECIDED
    assert rows(s, made)[ODA.id].state is State.WITHDRAWN


async def test_thirty_people_are_the_most() -> None:
    s = world()
    made = await handed(s)
    crowd = tuple(
        replace(one, person=PersonId(f"usr_{n}"))
        for n, one in enumerate((await joined(s, made)).together * (MOST_PEOPLE - 1))
    )
    full = replace(now(s, made), together=crowd, version=now(s, made).version + 1)
    s.live.committed([full], len(s.ledger.entries))
    refused = await bring(s.world, ADA, made.id)
    assert isinstance(refused, Reason)
    assert refused.code == "REQ-TOO-LARGE"


@pytest.mark.row("WF-AMEND")
async def test_another_purpose_opens_nothing_before_it_is_decided_and_then_takes_the_place_of_the_grant() -> None:
    s = world()
    made = await handed(s)
    old = (await approved(s, made))[0]
    s.clock.advance(86_400)
    done = await amend(s.world, ADA, made.id, ELSE, ())
    assert isinstance(done, HandedIn), done
    assert await refusal(s, ADA, old) is None, "what was approved holds meanwhile"
    assert len(s.live.current().grants(b.ADA, b.HEART)) == 1
    assert of_grant(old, s.live.current(), s.clock.now()).title == PAPER.title
    new = (await approved(s, made))[0]
    assert (new.purpose.kinds, old.purpose.kinds) == (ELSE.purpose.kinds, b.PURPOSE.kinds)
    assert await refusal(s, ADA, old) == "AUTH-GRANT-REVOKED"
    assert await refusal(s, ADA, new) in {None, "DUO-MISMATCH"}
    assert new.ends == old.ends, "it lasts no longer: that is a renewal"
    assert new.counts_from == old.begins
    states = [row.state for row in sorted(asked(now(s, made), s.live.current()), key=lambda row: row.turn)]
    assert states == [State.REPLACED, State.APPROVED], "both versions are kept"
    assert [one.purpose for one in now(s, made).papers] == [b.PURPOSE, ELSE.purpose]


@pytest.mark.row("WF-AMEND")
async def test_an_amendment_that_is_refused_or_taken_back_leaves_what_was_approved() -> None:
    for refused in (True, False):
        s = world()
        made = await handed(s)
        old = (await approved(s, made))[0]
        await amend(s.world, ADA, made.id, replace(PAPER, title="Another title"), ())
        if refused:
            await assess(s.world, CHAIR, made.reviews[0], b.HEART, SIDES)
            assert isinstance(await decide_request.reject(s.world, CHAIR, rows(s, made)[b.ADA].id, "No."), Decided)
        else:
            assert isinstance(await take_back(s.world, ADA, made.id), Application)
        assert review_of(s, made).stage is Stage.DECIDED
        assert await refusal(s, ADA, old) is None
        assert of_grant(old, s.live.current(), s.clock.now()).title == PAPER.title, "nobody reads what came to nothing"
        made = await joined(s, made)
        assert rows(s, made)[ODA.id].statement == PAPER.statement
        assert made.paper.title == PAPER.title, "who joins asks under the papers that hold"


@pytest.mark.row("WF-AMEND")
async def test_what_rests_or_has_ended_is_not_let_go_on_by_an_amendment() -> None:
    for command, said in ((GrantCommand.SUSPEND, "suspended"), (GrantCommand.REVOKE, "revoked")):
        s = world()
        made = await handed(s)
        old = (await approved(s, made))[0]
        await amend(s.world, ADA, made.id, ELSE, ())
        await stop(s.world, MEMBER, old.id, command, "An incident.")  # type: ignore[arg-type]
        await assess(s.world, CHAIR, made.reviews[0], b.HEART, SIDES)
        done = await decide_request.approve(s.world, CHAIR, rows(s, made)[b.ADA].id, "Good.", {})
        assert done == Reason(code="REQ-STATE", facts=(("state", f"the grant before: {said}"),))
    s.clock.advance(2 * b.YEAR)
    ended = await decide_request.approve(s.world, CHAIR, rows(s, made)[b.ADA].id, "Good.", {})
    assert ended == Reason(code="REQ-STATE", facts=(("state", "the grant before has ended"),))


@pytest.mark.row("WF-AMEND")
async def test_a_correction_takes_up_the_last_answer_alone() -> None:
    s = world()
    made = await handed(s)
    old = (await approved(s, made))[0]
    await amend(s.world, ADA, made.id, ELSE, ())
    await assess(s.world, CHAIR, made.reviews[0], b.HEART, SIDES)
    await decide_request.reject(s.world, CHAIR, rows(s, made)[b.ADA].id, "No.")
    assert isinstance(await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "A mistake."), Review)
    assert await refusal(s, ADA, old) is None
    new = (await approved(s, made))[0]
    assert isinstance(await reopen(s.world, CHAIR, made.reviews[0], b.HEART, "A mistake."), Review)
    assert await refusal(s, ADA, old, new) == "AUTH-GRANT-REVOKED"
    third = (await approved(s, made))[0]
    assert third.ends <= old.ends


@pytest.mark.row("WF-AMEND")
async def test_more_data_are_asked_of_their_own_committee_and_nothing_else_is_touched() -> None:
    s = with_two()
    made = await joined(s, await handed(s))
    old = await approved(s, made)
    done = await amend(s.world, ADA, made.id, PAPER, (LUNG, b.HEART))
    assert isinstance(done, HandedIn), done
    made = done.application
    assert (review_of(s, made).stage, review_of(s, made, 1).stage) == (Stage.DECIDED, Stage.IN_REVIEW)
    new = [row for row in asked(made, s.live.current()) if row.state is State.SUBMITTED]
    assert [(row.person, row.dataset) for row in new] == [(b.ADA, LUNG), (ODA.id, LUNG)]
    assert made.paper.datasets == (b.HEART, LUNG)
    assert await refusal(s, ADA, old[0]) is None
    same = await amend(s.world, ADA, made.id, PAPER, (b.HEART,))
    assert isinstance(same, Reason)
    assert same.code == "REQ-INVALID"


async def test_what_is_owed_goes_on_under_the_grant_that_takes_the_place() -> None:
    s = world()
    made = await handed(s)
    old = (await approved(s, made))[0]
    s.clock.advance(100 * 86_400)
    await amend(s.world, ADA, made.id, replace(PAPER, title="Another title"), ())
    new = (await approved(s, made))[0]
    assert {one.id for one in old.obligations} <= {one.id for one in new.obligations}


async def test_nobody_amends_what_is_not_theirs_or_not_answered_or_holds_no_longer() -> None:
    s = world()
    made = await joined(s, await handed(s))
    assert await amend(s.world, ADA, made.id, ELSE, ()) == Reason(code="REQ-STATE", facts=(("state", "in_review"),))
    grants = await approved(s, made)
    for by in (TEAM, MEMBER, HANDLER):
        assert await amend(s.world, by, made.id, ELSE, ()) == Reason(code="REQ-NOT-FOUND")
    assert await amend(s.world, ADA, made.id, ELSE, (DatasetId("https://bank.example/none"),)) == Reason(
        code="REQ-NOT-FOUND"
    )
    for one in grants:
        await stop(s.world, MEMBER, one.id, GrantCommand.REVOKE, "Misuse.")
    over = Reason(code="REQ-STATE", facts=(("state", "nothing of it holds"),))
    assert await amend(s.world, ADA, made.id, ELSE, ()) == over


async def test_no_more_is_asked_for_at_once_than_can_be_answered() -> None:
    assert MOST_ASKED >= MOST_PEOPLE
    s = world()
    made = await handed(s)
    await approved(s, made)
    many = replace(now(s, made), version=now(s, made).version + 1)
    s.live.committed([many], len(s.ledger.entries))
    refused = await amend(s.world, ADA, made.id, replace(PAPER, lay=" "), ())
    assert refused == Reason(code="REQ-LAY-UNSTATED")


STEPS = st.lists(
    st.sampled_from(["join", "leave", "amend", "approve", "reject", "reopen", "return", "again", "suspend", "resume", "back"]),
    max_size=10,
)  # fmt: skip


@settings(max_examples=60)
@given(STEPS)
@pytest.mark.row("WF-AMEND", "WF-I1")
async def test_whatever_is_done_one_grant_is_used_at_most_and_only_one_that_was_approved(steps: list[str]) -> None:
    """I1: of one application, dataset and person one grant is in use at most; it is of an approved request, of somebody
    who still applies, of the very purpose that was approved; and what nobody was told yes to opens nothing.
    """
    s = world()
    made = await handed(s)
    for n, name in enumerate(steps):
        s.clock.advance(60)
        await one_step(s, made, name, n)
        snapshot, here = s.live.current(), now(s, made)
        all_ = {row.id: row for row in asked(here, snapshot)}
        for person in (b.ADA, ODA.id):
            used = [one for one in snapshot.grants(person, b.HEART) if stage_of(one, snapshot, s.clock.now()) in USED]
            assert len(used) <= 1, name
            for grant in used:
                of = all_[grant.request]
                assert (of.state, of.grant, of.purpose) == (State.APPROVED, grant.id, grant.purpose), name
                assert person in here.people, name
        waiting = {row.review for row in all_.values() if row.state is State.SUBMITTED}
        for id in here.reviews:
            review = snapshot.get(Review, id)
            assert review is not None
            assert (id in waiting) == (review.stage not in (Stage.DECIDED, Stage.WITHDRAWN)), (name, review.stage)


async def one_step(s: World, made: Application, name: str, n: int) -> None:
    """One thing that somebody tries; most are refused where they cannot happen."""
    review, other = made.reviews[0], replace(PAPER, statement=f"Version {n}.")
    tried: dict[str, Callable[[], Awaitable[object]]] = {
        "join": lambda: try_to_join(s, made),
        "leave": lambda: part(s.world, TEAM, made.id, ODA.id),
        "amend": lambda: amend(s.world, ADA, made.id, other, ()),
        "return": lambda: give_back(s.world, MEMBER, review, [Remarked(text="Which?")]),
        "again": lambda: hand_in_again(s.world, ADA, made.id, other),
        "back": lambda: take_back(s.world, ADA, made.id),
        "reopen": lambda: reopen(s.world, CHAIR, review, b.HEART, "A mistake."),
        "suspend": lambda: stop_all(s, GrantCommand.SUSPEND),
        "resume": lambda: stop_all(s, GrantCommand.RESUME),
        "approve": lambda: answer(s, made, "approve"),
        "reject": lambda: answer(s, made, "reject"),
    }
    await tried[name]()


async def try_to_join(s: World, made: Application) -> None:
    code = await bring(s.world, ADA, made.id)
    if isinstance(code, Code):
        await join(s.world, TEAM, code.code)


async def stop_all(s: World, command: Any) -> None:
    for grant in s.live.current().grants(b.ADA, b.HEART):
        await stop(s.world, MEMBER, grant.id, command, "So.")


async def answer(s: World, made: Application, wanted: str) -> None:
    waiting = [row for row in asked(now(s, made), s.live.current()) if row.state is State.SUBMITTED]
    await assess(s.world, CHAIR, made.reviews[0], b.HEART, SIDES)
    for row in waiting[:1]:
        if wanted == "approve":
            await decide_request.approve(s.world, CHAIR, row.id, "Good.", {})
        else:
            await decide_request.reject(s.world, CHAIR, row.id, "No.")
