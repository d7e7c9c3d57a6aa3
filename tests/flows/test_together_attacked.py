"""Past holes of applying together and of forms: what a code shows and gives, and whom an institution answers for."""

import asyncio
from dataclasses import replace

from broker.core.access.life import Stage
from broker.core.ids import PersonId
from broker.core.oidc.opaque import stored_id
from broker.core.outcome import Reason
from broker.core.rows import Application, Dataset, Put, Review, changed
from broker.core.rows.applications import Answer
from broker.core.time import Seconds
from broker.flows.applications.hand_in import HandedIn, hand_in, take_back
from broker.flows.applications.review import Said, endorse, give_back
from broker.flows.applications.together import CODE_LIFE, Code, Invitation, asked_by, bring, join, part
from broker.flows.applications.turns import amend, hand_in_again
from broker.flows.world import Caller
from broker.ports import StaleError
from tests import builders as b
from tests.core.test_questions import OWN
from tests.flows.test_application_forms import WITH, edited, under
from tests.flows.test_applications import MEMBER, ODA, PAPER, SAM, handed, review_of, seat, who, world
from tests.flows.test_together import ADA, ELSE, TEAM, approved, joined, now
from tests.flows.worlds import Stage as World

SAM_TOO = replace(TEAM, person=SAM)
ALPS = b.organisation(id="alps", name="Alps", scopes=frozenset({"alps.example"}))


async def code_of(s: World, made: Application) -> str:
    code = await bring(s.world, ADA, made.id)
    assert isinstance(code, Code)
    return code.code


async def test_past_hole_a_code_told_a_stranger_of_hidden_data() -> None:
    s = world()
    made = await handed(s)
    code = await code_of(s, made)
    row = s.live.current().get(Dataset, b.HEART)
    assert row is not None
    hidden = changed(row, existence="hidden")
    await s.world.ledger.record(s.world.entry("catalogue.applied", s.clock.now(), None, {}), Put(hidden))
    assert await asked_by(s.world, TEAM, code) == Reason(code="REQ-NOT-FOUND")


async def test_past_hole_who_was_parted_with_came_back_by_a_code_of_before() -> None:
    s = world()
    made = await handed(s)
    kept = await code_of(s, made)
    made = await joined(s, made)
    s.clock.advance(60)
    assert isinstance(await part(s.world, ADA, made.id, PersonId(ODA.id)), Application)
    for each in (asked_by, join):
        assert await each(s.world, TEAM, kept) == Reason(code="REQ-NOT-FOUND")
    s.clock.advance(60)
    again = await joined(s, now(s, made))
    assert ODA.id in again.people, "asked anew, they may"


async def test_of_two_who_join_with_one_code_at_the_same_moment_one_is_in() -> None:
    s = world()
    made = await handed(s)
    code = await code_of(s, made)

    async def tried(by: Caller) -> Application | Reason:
        try:
            return await join(s.world, by, code)
        except StaleError:  # as the web does: once more, with the picture of now
            return await join(s.world, by, code)

    await asyncio.gather(tried(TEAM), tried(SAM_TOO))
    assert len(now(s, made).people) == 2


async def test_past_hole_a_code_that_was_used_opened_to_another_before_it_was_spent() -> None:
    s = world()
    made = await handed(s)
    code = await code_of(s, made)
    assert isinstance(await join(s.world, TEAM, code), Application)
    kept = {"application": made.id, "by": b.ADA, "made": s.clock.now()}
    later = Seconds(s.clock.now() + CODE_LIFE)
    await s.world.scratch.put("together", stored_id(code), kept, later)  # as if it was not spent yet
    assert await join(s.world, SAM_TOO, code) == Reason(code="REQ-NOT-FOUND")
    assert isinstance(await join(s.world, TEAM, code), Application), "theirs it stays: twice is once"


async def test_past_hole_somebody_read_papers_that_were_refused_and_joined_others() -> None:
    s = world()
    made = await handed(s)
    await approved(s, made)
    assert isinstance(await amend(s.world, ADA, made.id, ELSE, ()), HandedIn)
    await take_back(s.world, ADA, made.id)
    seen = await asked_by(s.world, TEAM, await code_of(s, made))
    assert isinstance(seen, Invitation)
    assert seen.paper.purpose == made.paper.purpose != now(s, made).paper.purpose
    after = await joined(s, made)
    assert after.paper.purpose == seen.paper.purpose


async def test_past_hole_an_applicant_who_moved_had_others_endorsed_by_the_new_institution() -> None:
    s = world(ALPS, endorsed=True)
    made = await joined(s, await handed(s))
    home = s.live.current().organisations(["rhine.example"])[0]
    signs = [who(SAM, seat("signing_official", "sam", f"organisation:{id}")) for id in (home.id, ALPS.id)]
    assert isinstance(await endorse(s.world, signs[0], made.reviews[0], yes=True, ground="Ours."), Review)
    asked = Said(text="More, please.")
    assert isinstance(await give_back(s.world, MEMBER, made.reviews[0], [asked]), Review)
    moved = replace(ADA, affiliations=("faculty@alps.example",))
    assert isinstance(await hand_in_again(s.world, moved, made.id, PAPER), HandedIn)
    refused = await endorse(s.world, signs[1], made.reviews[0], yes=True, ground="Ours.")
    assert refused == Reason(code="REQ-OTHER-HOME")
    assert review_of(s, made).stage is Stage.SUBMITTED
    assert isinstance(await part(s.world, moved, made.id, PersonId(ODA.id)), Application)
    assert isinstance(await endorse(s.world, signs[1], made.reviews[0], yes=True, ground="Hers."), Review)


async def test_past_hole_an_answer_to_no_question_was_an_error_of_ours() -> None:
    s = under(world(), edited(1, (OWN,)))
    done = await hand_in(s.world, ADA, (b.HEART,), WITH)
    assert isinstance(done, HandedIn)
    made = done.application
    assert isinstance(await give_back(s.world, MEMBER, made.reviews[0], [Said(text="More.")]), Review)
    wrong = replace(WITH, answers=(*WITH.answers, Answer(question="none", asked="", text="x")))
    said = await hand_in_again(s.world, ADA, made.id, wrong)
    assert said == Reason(code="REQ-INVALID", facts=(("problem", "none: no such question"),))
