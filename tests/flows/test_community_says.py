"""A community's authority reads and says anew: for its own community alone, on record, at once, and never for itself."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.consent.decisions import Said
from broker.core.consent.model import CommunityDecision
from broker.core.ids import PersonId, SubjectRef
from broker.core.notices import Channels
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow, Person, Role, Row
from broker.core.time import Seconds, day_of, days_later
from broker.flows.community import MOST, communities, decide
from broker.flows.deliver import still_permitted
from broker.flows.notices.inbox import inbox
from broker.flows.notices.remind import remind
from broker.flows.request_access import submit
from broker.flows.world import Caller
from broker.ports import LedgerDownError
from tests import builders as b
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import MEI, Stage, caller, stage

VALLEY = SubjectRef("com_valley")
ELI = Person(id=PersonId("usr_eli"), log_key="ee" * 32, created=START)
WORD = CommunityDecision(
    authority="elders", rule="a quorum", members="the valley", decision="approved", local_only=False
)
YES, NO, BACK = Said(word="approved"), Said(word="refused"), Said(word="undecided")
FIRST = frozenset({1})
DAY = 86_400


def speaks(scope: str = f"community:{VALLEY}", person: Person = ELI, role: str = "community_authority") -> Caller:
    held = Role(id="r-eli", role=role, scope=scope, iss=b.HOME, sub="eli")
    return replace(caller(person, grants=()), roles=(held,))


def record(**changes: Any) -> ConsentRow:
    return b.consent(VALLEY, consent_id="com", level="community", community=replace(WORD, **changes))


def world(*rows: Row, **changes: Any) -> Stage:
    return stage(ELI, record(**changes), *rows)


def newest(s: Stage) -> ConsentRow:
    return s.live.current().chain("com")[-1]


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize("said", [NO, BACK])
async def test_a_no_is_on_record_and_what_runs_is_cut_and_a_yes_lets_it_go_on(said: Said) -> None:
    s = world()
    running = await opened(s)
    done = await decide(s.world, speaks(), "com", FIRST, said)
    assert isinstance(done, ConsentRow)
    assert s.kinds()[-1] == "community.decided"
    assert s.ledger.entries[-1].about["word"] == said.word
    assert (newest(s).consent.version, newest(s).by) == (2, "representative")
    assert not still_permitted(running, s.live.current(), START)
    await decide(s.world, speaks(), "com", frozenset({2}), YES)
    assert still_permitted(await opened(s), s.live.current(), START)


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize(
    "who",
    [
        speaks("community:com_hill"),
        speaks("service"),
        speaks(f"community:{VALLEY}", role="committee_chair"),
        speaks(f"dataset:{b.HEART}"),
        caller(MEI),
    ],
    ids=["of another", "of all", "another role", "of the data", "nobody"],
)
async def test_to_everybody_else_it_is_not_there(who: Caller) -> None:
    s = world()
    assert await decide(s.world, who, "com", FIRST, NO) == Reason(code="REQ-NOT-FOUND")
    found = communities(who, s.live.current(), START)
    assert not [one for one in found if one.records]
    assert newest(s).consent.version == 1


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_a_participants_consent_and_what_is_nowhere_are_no_decisions_of_a_community() -> None:
    s = world()
    for id in (f"con-{b.PIA}", "nowhere"):
        assert await decide(s.world, speaks(f"community:{b.PIA}"), id, FIRST, NO) == Reason(code="REQ-NOT-FOUND")


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_of_two_who_decide_at_once_one_is_told_to_look_again() -> None:
    s = world()
    await decide(s.world, speaks(), "com", FIRST, NO)
    assert await decide(s.world, speaks(), "com", FIRST, YES) == Reason(code="REQ-STALE")
    assert newest(s).consent.community == replace(WORD, decision="refused")


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize(
    ("state", "person", "said", "refused"),
    [
        (State.SUBMITTED, ELI, YES, True),
        (State.APPROVED, ELI, YES, True),
        (State.REJECTED, ELI, YES, False),
        (State.SUBMITTED, ELI, NO, False),
        (State.SUBMITTED, MEI, YES, False),
    ],
    ids=["asks", "uses", "asked once", "says no", "another asks"],
)
async def test_nobody_lets_themselves_in(state: State, person: Person, said: Said, refused: bool) -> None:  # noqa: FBT001
    s = world(b.request(state=state, person=person.id), decision="undecided")
    done = await decide(s.world, speaks(), "com", FIRST, said)
    assert (done == Reason(code="REQ-OWN")) is refused


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_word_without_its_entry(breaks: Any) -> None:
    s = world()
    s.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await decide(s.world, speaks(), "com", FIRST, NO)


@pytest.mark.row("PAG-COMMUNITY")
async def test_it_sees_what_it_governs_and_is_asked_in_figures() -> None:
    asked = [b.request(id=f"req_{n}", created=Seconds(START - n)) for n in range(MOST + 2)]
    s = world(*asked, b.request(id="req_no", state=State.REJECTED))
    (one,) = communities(speaks(), s.live.current(), START)
    assert [id for id, _ in one.datasets] == [b.HEART]
    assert (len(one.asked), one.waiting) == (MOST, MOST + 2)
    assert one.asked[0].since == START - MOST - 1, "who waits longest comes first"
    assert (one.asked[0].purpose.user, one.asked[0].purpose.institution, one.asked[0].purpose.project) == (None,) * 3


@pytest.mark.row("PAG-COMMUNITY-TOLD")
async def test_it_hears_of_a_request_and_the_committee_of_its_word() -> None:
    s = world()
    done = await submit(s.world, caller(grants=()), b.HEART, b.PURPOSE, "For science.", "It helps.")
    assert not isinstance(done, Reason)
    assert [one.notice.what for one in await inbox(s.world, speaks())] == ["community.asked"]
    assert (await inbox(s.world, speaks()))[0].notice.about == VALLEY
    s.clock.advance(1)
    await decide(s.world, speaks(), "com", FIRST, NO)
    mei = replace(
        caller(MEI), roles=(Role(id="r", role="committee_member", scope=f"committee:{b.DAC}", iss=b.HOME, sub="mei"),)
    )
    assert (await inbox(s.world, mei))[0].notice.what == "community.decided"
    assert await inbox(s.world, speaks("community:com_hill")) == ()
    assert await inbox(s.world, caller(grants=())) == (), "who asks is not told by this"


@pytest.mark.row("PAG-COMMUNITY-TOLD")
@pytest.mark.parametrize(
    ("days", "changes", "told"),
    [
        (61, {}, 0), (60, {}, 1), (30, {}, 1), (0, {}, 1), (-1, {}, 1),
        (7, {"decision": "refused"}, 0),
    ],
)  # fmt: skip
async def test_it_is_reminded_before_its_yes_ends(days: int, changes: dict[str, Any], told: int) -> None:
    s = world(review_on=days_later(day_of(START), days), **changes)
    await remind(s.world, Channels())
    assert len(await inbox(s.world, speaks())) == told


@pytest.mark.row("PAG-COMMUNITY-TOLD")
async def test_an_older_version_reminds_nobody() -> None:
    s = world(review_on=days_later(day_of(START), 7))
    await decide(s.world, speaks(), "com", FIRST, YES)
    before = len(await inbox(s.world, speaks()))
    await remind(s.world, Channels())
    assert len(await inbox(s.world, speaks())) == before
