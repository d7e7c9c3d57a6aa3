"""Where a committee names a training, nobody has a say in it without a live certificate."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.cases import CaseKind
from broker.core.decision.answerers import COMMITTEE
from broker.core.decision.answering import Given
from broker.core.ids import PersonId
from broker.core.outcome import Reason
from broker.core.rows import Assertion, Case, Review
from broker.core.rows.reports import Told
from broker.core.time import Seconds
from broker.flows.applications.review import vote
from broker.flows.cases import answer as answer_case
from broker.flows.cases import challenge
from broker.flows.decide_request import Decided, approve, reject
from broker.flows.give_finding import give_finding
from broker.flows.grants.renew import ask_renewal, decline, extend
from tests import builders as b
from tests.fakes import START
from tests.flows.test_applications import CHAIR, MEMBER, OTHER_MEMBER, handed, request_of, world
from tests.flows.worlds import MEI, caller, stage

URL = "https://bank.example/training/committee"
DAY = 86_400


def certificate(sub: str, by: str = "so", **changes: Any) -> Assertion:
    made = Assertion(
        id=f"ast_{sub}", type="ResearcherStatus", iss=b.HOME, sub=sub, value=URL, source="https://school.example",
        by=by, asserted=Seconds(START - DAY), ends=Seconds(START + DAY), entered_by=PersonId("usr_school"),
    )  # fmt: skip
    return replace(made, **changes)


def committee(**changes: Any) -> Any:
    row = b.rows()
    return next(replace(one, training=URL, **changes) for one in row if one.KIND == "committee")  # type: ignore[type-var]


def code(done: object) -> str:
    return done.code if isinstance(done, Reason) else type(done).__name__


SAID = {
    "none": (None, "AUTH-SEAT-TRAINING"),
    "theirs": (certificate("mei"), "Decided"),
    "ended": (certificate("mei", ends=START), "AUTH-SEAT-TRAINING"),
    "taken back": (certificate("mei", ended=START), "AUTH-SEAT-TRAINING"),
    "of another": (certificate("ada"), "AUTH-SEAT-TRAINING"),
    "by themselves": (certificate("mei", by="self"), "AUTH-SEAT-TRAINING"),
    "entered by themselves": (certificate("mei", entered_by=b.MEI), "AUTH-SEAT-TRAINING"),
    "of something else": (certificate("mei", value="https://bank.example/training/data"), "AUTH-SEAT-TRAINING"),
}


@pytest.mark.row("WHO-3.6-10")
@pytest.mark.parametrize(("said", "wanted"), SAID.values(), ids=SAID.keys())
async def test_nobody_answers_without_a_certificate_that_holds(said: Assertion | None, wanted: str) -> None:
    for answer in ("yes", "no"):
        s = stage(b.request(), *([said] if said is not None else []), committee=committee())
        asked = b.request().id
        done: Any
        if answer == "yes":
            done = await approve(s.world, caller(MEI), asked, "Fine.", {})
        else:
            done = await reject(s.world, caller(MEI), asked, "It is too early for that.")
        assert code(done) == wanted
        assert ("request" in "".join(s.kinds())) is (wanted == "Decided")


@pytest.mark.row("WHO-3.6-10")
async def test_no_vote_counts_of_whose_training_has_ended() -> None:
    s = world(quorum=2)
    review = (await handed(s)).reviews[0]
    s.live.committed([committee(quorum=2, version=2)])
    refused = await vote(s.world, MEMBER, review, b.HEART, "yes", "It helps.")
    assert code(refused) == "AUTH-SEAT-TRAINING"
    for one in (MEMBER, CHAIR):
        for iss, sub in one.identities:
            s.live.committed([certificate(sub, id=f"ast_{iss}_{sub}", iss=iss)])
    assert isinstance(await vote(s.world, MEMBER, review, b.HEART, "yes", "It helps."), Review)
    s.clock.advance(2 * DAY)
    assert code(await vote(s.world, MEMBER, review, b.HEART, "no", "On second thoughts.")) == "AUTH-SEAT-TRAINING"


@pytest.mark.row("WHO-3.6-10")
async def test_nor_is_an_open_question_answered_for_the_committee_without_one() -> None:
    s = stage(b.request(), committee=committee())
    given = Given(code="DUO-CODE-UNKNOWN", ground="It is fine.")
    assert code(await give_finding(s.world, caller(MEI), b.request().id, COMMITTEE, given)) == "AUTH-SEAT-TRAINING"
    s.live.committed([certificate("mei")])
    assert code(await give_finding(s.world, caller(MEI), b.request().id, COMMITTEE, given)) == "REQ-NOT-OPEN"


@pytest.mark.row("WHO-3.6-10")
async def test_nor_is_a_challenged_answer_looked_at_again_without_one() -> None:
    s = world()
    made = await handed(s)
    id = request_of(s, made).id
    assert isinstance(await reject(s.world, MEMBER, id, "Too wide."), Decided)
    s.live.committed([committee(version=2)])
    case = await challenge(s.world, caller(), id, CaseKind.RECONSIDERATION, "You read the old papers.")
    assert isinstance(case, Case)
    assert code(await answer_case(s.world, OTHER_MEMBER, case.id, "rejected", "It was right.")) == "AUTH-SEAT-TRAINING"
    for iss, sub in OTHER_MEMBER.identities:
        s.live.committed([certificate(sub, id=f"ast_{iss}_{sub}", iss=iss)])
    assert code(await answer_case(s.world, OTHER_MEMBER, case.id, "rejected", "It was right.")) == "Case"


@pytest.mark.row("WHO-3.6-10")
async def test_nor_is_a_grant_made_longer_without_one() -> None:
    s = stage(committee=committee(), grant=b.grant(ends=START + 90 * DAY))
    told = Told(summary="So far.", none_yet="It is in review.")
    await ask_renewal(s.world, caller(), b.GRANT, 24, told)
    assert code(await extend(s.world, caller(MEI), b.GRANT, "Good.", {})) == "AUTH-SEAT-TRAINING"
    assert code(await decline(s.world, caller(MEI), b.GRANT, "No.")) == "AUTH-SEAT-TRAINING"
    s.live.committed([certificate("mei")])
    assert code(await extend(s.world, caller(MEI), b.GRANT, "Good.", {})) == "Report"
