"""People are asked before rules that they live by come into force: who, about what text, and who closes it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from broker.core.consultations import MOST_OF_ONE, MOST_TEXT, STEPS
from broker.core.ids import PersonId, SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Comment, Consultation, IdentityLink, PackProposal, Person, Role
from broker.core.rows.linking import link_id
from broker.flows import consultations as flow
from broker.flows import propose_packs
from broker.flows.consultations import Asked
from broker.flows.notices.inbox import inbox
from broker.flows.rule_history import releases
from broker.flows.world import Caller
from broker.ports import Ledger, LedgerDownError
from tests import builders as b
from tests.desk import PACK, Desk, desk, people, reviewed, same_law, who
from tests.fakes import START
from tests.flows.test_side_by_side import turning
from tests.flows.worlds import caller, stage

VALLEY, HILL = SubjectRef("com_valley"), SubjectRef("com_hill")
ELI = Person(id=PersonId("usr_eli"), log_key="ee" * 32, created=START)
DAY, DAYS = 86_400, 14
ASKED = Asked(days=DAYS, communities=(VALLEY,), public=True, ground="A new number.")


@pytest.fixture
async def d(tmp_path: Path) -> Desk:
    governs = b.consent(VALLEY, consent_id="com", level="community")
    made = await desk(stage(*people(), ELI, governs), tmp_path)
    made.stage.world = replace(made.stage.world, consultation_days=DAYS)
    return made


def eli(ref: str = VALLEY, role: str = "community_authority") -> Caller:
    held = Role(id="r-eli", role=role, scope=f"community:{ref}", iss=b.HOME, sub="eli")
    return caller(ELI, roles=(held,), grants=())


def code(found: object) -> str:
    assert isinstance(found, Reason), found
    return found.code


async def proposed(d: Desk, typed: dict[str, str] | None = None) -> PackProposal:
    w = d.stage.world
    row = await propose_packs.begin(w, d.sets, who("root"), PACK)
    assert isinstance(row, PackProposal)
    return await rewritten(d, row, typed or reviewed("2"))


async def rewritten(d: Desk, row: PackProposal, typed: dict[str, str]) -> PackProposal:
    w = d.stage.world
    after = await propose_packs.write(w, who("root"), row.id, {row.version}, **typed)
    assert isinstance(after, PackProposal), after
    done = await propose_packs.propose(w, d.sets, who("root"), row.id, {after.version})
    assert isinstance(done, PackProposal), done
    return done


async def opened(d: Desk, row: PackProposal, asked: Asked = ASKED, by: str = "lex") -> Consultation:
    done = await flow.ask(d.stage.world, d.sets, who(by), row.id, asked)
    assert isinstance(done, Consultation), done
    return done


async def said(d: Desk, id: str, text: str = "Why?", by: Caller | None = None, **more: Any) -> Comment:
    done = await flow.comment(d.stage.world, by or who("sam"), id, text, **({"objects": False} | more))
    assert isinstance(done, Comment), done
    return done


async def put_in_force(d: Desk, row: PackProposal) -> PackProposal | Reason:
    found = await propose_packs.look(d.stage.world, d.sets, who("lex"), row.id)
    assert not isinstance(found, Reason)
    return await propose_packs.activate(d.stage.world, d.sets, who("lex"), row.id, found.tried.digest)


def over(d: Desk) -> None:
    d.stage.clock.advance(DAYS * DAY)


@pytest.mark.row("WHO-3.1-8")
async def test_reviewed_rules_wait_until_people_were_asked_and_a_person_closed_it(d: Desk) -> None:
    row = await proposed(d)
    assert code(await put_in_force(d, row)) == "REQ-PACK-UNASKED"
    asked = await opened(d, row)
    assert code(await put_in_force(d, row)) == "REQ-PACK-UNASKED", "it is open"
    over(d)
    assert code(await put_in_force(d, row)) == "REQ-PACK-UNASKED", "time closes nothing"
    assert d.version() == "1"
    done = await flow.close(d.stage.world, who("lex"), asked.id, "Nobody said anything.")
    assert isinstance(done, Consultation)
    assert isinstance(await put_in_force(d, row), PackProposal)
    assert d.version() == "2"
    assert [one for one in d.stage.kinds() if one.startswith("consultation")] == [
        "consultation.opened", "consultation.closed",
    ]  # fmt: skip


@pytest.mark.row("WHO-3.1-8")
async def test_who_writes_on_asks_again(d: Desk) -> None:
    row = await proposed(d)
    asked = await opened(d, row)
    over(d)
    await flow.close(d.stage.world, who("lex"), asked.id, "Fine.")
    other = await rewritten(d, row, reviewed("3"))
    assert code(await put_in_force(d, other)) == "REQ-PACK-UNASKED"
    found = await flow.read(d.stage.world, asked.id)
    assert not isinstance(found, Reason)
    assert not found.current
    again = await opened(d, other)
    assert again.digest != asked.digest
    over(d)
    await flow.close(d.stage.world, who("kim"), again.id, "Fine.")
    assert isinstance(await put_in_force(d, other), PackProposal)


@pytest.mark.row("WHO-3.1-8")
async def test_past_hole_where_nobody_need_be_asked_what_people_were_being_asked_about_came_into_force(d: Desk) -> None:
    d.stage.world = replace(d.stage.world, consultation_days=0)
    row = await proposed(d, reviewed("3"))
    asked = await opened(d, row)
    assert code(await put_in_force(d, row)) == "REQ-PACK-UNASKED", "who is asked is heard"
    over(d)
    await flow.close(d.stage.world, who("lex"), asked.id, "Nobody said anything.")
    assert isinstance(await put_in_force(d, row), PackProposal)


@pytest.mark.row("WHO-3.1-8")
async def test_nobody_is_asked_where_it_is_not_demanded_or_about_examples(d: Desk) -> None:
    assert isinstance(await put_in_force(d, await proposed(d, same_law("2"))), PackProposal)
    d.stage.world = replace(d.stage.world, consultation_days=0)
    assert isinstance(await put_in_force(d, await proposed(d, reviewed("3"))), PackProposal)


@pytest.mark.row("WHO-3.1-8")
async def test_a_consultation_about_another_proposal_of_the_same_pack_is_none(d: Desk) -> None:
    first, second = await proposed(d), await proposed(d)
    assert first.id != second.id
    asked = await opened(d, first)
    over(d)
    await flow.close(d.stage.world, who("lex"), asked.id, "Fine.")
    assert code(await put_in_force(d, second)) == "REQ-PACK-UNASKED"


@pytest.mark.row("WHO-3.5-1")
async def test_objections_are_answered_before_it_closes_and_stay_objections(d: Desk) -> None:
    row = await proposed(d)
    asked = await opened(d, row)
    await said(d, asked.id)
    no = await said(d, asked.id, "Not without us.", eli(), objects=True, side=VALLEY)
    over(d)
    refused = await flow.close(d.stage.world, who("lex"), asked.id, "Fine.")
    assert refused == Reason(code="REQ-OBJECTIONS", facts=(("count", "1"),))
    answered = await flow.answer(d.stage.world, who("lex"), no.id, " You have a seat. ")
    assert isinstance(answered, Comment)
    assert (answered.objects, answered.text, answered.answer) == (True, "Not without us.", "You have a seat.")
    assert code(await flow.answer(d.stage.world, who("lex"), no.id, "Otherwise.")) == "REQ-STATE", "once"
    done = await flow.close(d.stage.world, who("lex"), asked.id, "We gave a seat.")
    assert isinstance(done, Consultation)
    assert dict(d.stage.ledger.entries[-1].about) == {"consultation": asked.id, "comments": 2, "objections": 1}
    await put_in_force(d, row)
    newest = (await releases(d.stage.world, PACK))[0]
    assert newest.made is not None
    assert newest.asked is not None
    assert (newest.asked.id, newest.asked.said, newest.asked.objected) == (asked.id, 2, 1)
    assert (newest.made.proposed_as, newest.made.ended_as) == ("admin", "legal_officer")
    assert (await releases(d.stage.world, PACK))[1].made is None, "the first was the operator's"


_Try = Callable[[Desk, Consultation], Awaitable[object]]


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.parametrize(
    ("tried", "running", "over_", "closed"),
    [
        (
            lambda d, c: flow.comment(d.stage.world, who("sam"), c.id, f"Why at {d.stage.clock.now()}?", objects=True),
            True,
            False,
            False,
        ),
        (lambda d, c: flow.close(d.stage.world, who("lex"), c.id, "Fine."), False, True, False),
    ],
    ids=["comment", "close"],
)
async def test_each_step_has_its_time_and_nothing_leads_back(
    d: Desk, tried: _Try, running: bool, over_: bool, closed: bool  # noqa: FBT001
) -> None:  # fmt: skip
    asked = await opened(d, await proposed(d))
    if not running:
        assert code(await tried(d, asked)) == "REQ-STATE"
        over(d)
    else:
        assert not isinstance(await tried(d, asked), Reason)
        d.stage.clock.advance(DAYS * DAY - 1)
        assert not isinstance(await tried(d, asked), Reason), "the last second"
        d.stage.clock.advance(1)
    assert isinstance(await tried(d, asked), Reason) is not over_
    found = await flow.read(d.stage.world, asked.id)
    assert not isinstance(found, Reason)
    for one in found.comments:
        assert isinstance(await flow.answer(d.stage.world, who("lex"), one.id, "So."), Comment)
    await flow.close(d.stage.world, who("lex"), asked.id, "Fine.")
    assert isinstance(await tried(d, asked), Reason) is not closed
    assert STEPS["closed", "running"] == STEPS["closed", "over"] == frozenset()


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.parametrize("by", ["sam", "eve"])
async def test_only_who_writes_rules_opens_answers_and_closes(d: Desk, by: str) -> None:
    row = await proposed(d)
    w = d.stage.world
    assert code(await flow.ask(w, d.sets, who(by), row.id, ASKED)) == "AUTH-NOT-YOURS"
    asked = await opened(d, row)
    one = await said(d, asked.id, objects=True)
    assert code(await flow.answer(w, who(by), one.id, "So.")) == "AUTH-NOT-YOURS"
    over(d)
    assert code(await flow.close(w, who(by), asked.id, "Fine.")) == "AUTH-NOT-YOURS"
    for id in ("cst_no", row.id, one.id):
        assert code(await flow.close(w, who("lex"), id, "Fine.")) == "REQ-NOT-FOUND"
        assert code(await flow.comment(w, who("sam"), id, "Why?", objects=False)) == "REQ-NOT-FOUND"
        assert code(await flow.read(w, id)) == "REQ-NOT-FOUND"
    assert code(await flow.answer(w, who("lex"), asked.id, "So.")) == "REQ-NOT-FOUND"


@pytest.mark.row("WHO-3.1-8")
async def test_a_text_that_people_are_still_asked_about_waits_whatever_was_closed_beside_it(d: Desk) -> None:
    w, row = d.stage.world, await proposed(d)
    first = await opened(d, row)
    second = replace(first, id="cst_beside")  # as another process may open it in the same moment
    d.stage.ledger.rows[Consultation.KIND, second.id] = second
    await said(d, first.id, "Not without us.", objects=True)
    over(d)
    assert isinstance(await flow.close(w, who("lex"), second.id, "Nobody objects."), Consultation)
    assert code(await put_in_force(d, row)) == "REQ-PACK-UNASKED", "an objection waits for its answer"


@pytest.mark.row("WHO-3.5-1")
async def test_nobody_speaks_for_others(d: Desk) -> None:
    w = d.stage.world
    closed_circle = await opened(d, await proposed(d), replace(ASKED, public=False))
    tries = (
        (who("sam"), None), (who("sam"), VALLEY), (eli(HILL), VALLEY), (eli(HILL), HILL), (eli(role="custodian"), VALLEY),
        (eli("service"), VALLEY), (eli(), None), (eli(), HILL), (who("lex"), VALLEY),
    )  # fmt: skip
    for by, side in tries:
        done = await flow.comment(w, by, closed_circle.id, "Ours.", objects=True, side=side)
        assert code(done) == "AUTH-NOT-YOURS", (by.person.id, side)
    assert (await said(d, closed_circle.id, by=eli(), side=VALLEY)).side == VALLEY


@pytest.mark.row("WHO-3.5-1")
async def test_nobody_says_too_much_or_nothing(d: Desk) -> None:
    w = d.stage.world
    asked = await opened(d, await proposed(d))
    for text in ("", " \n", "x" * (MOST_TEXT + 1)):
        assert code(await flow.comment(w, who("sam"), asked.id, text, objects=False)) == "REQ-INVALID"
    link = IdentityLink(
        id=link_id(PersonId("usr_sam"), PersonId("usr_sue")), persons=(PersonId("usr_sam"), PersonId("usr_sue")),
        identities=((b.HOME, "sam"), (b.HOME, "sue")), since=START,
    )  # fmt: skip
    d.stage.ledger.on_commit((link,))
    sue = caller(Person(id=PersonId("usr_sue"), log_key="dd" * 32, created=START), grants=())
    for n in range(MOST_OF_ONE):
        await said(d, asked.id, f"Why? {n}", by=sue if n % 2 else who("sam"))
    for by in (who("sam"), sue):
        assert code(await flow.comment(w, by, asked.id, "Why?", objects=False)) == "REQ-TOO-LARGE"
    await said(d, asked.id, by=who("eve"))


@pytest.mark.row("WHO-3.1-8")
async def test_however_many_speak_for_themselves_a_community_that_is_asked_is_heard(
    d: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "MOST_COMMENTS", 3)
    w, asked = d.stage.world, await opened(d, await proposed(d))
    for n in range(3):
        await said(d, asked.id, f"Noise {n}", by=eli() if n else who("sam"))
    assert code(await flow.comment(w, who("eve"), asked.id, "More.", objects=True)) == "REQ-TOO-LARGE"
    assert (await said(d, asked.id, "Not without us.", by=eli(), side=VALLEY, objects=True)).side == VALLEY
    for n in range(MOST_OF_ONE - 1):
        await said(d, asked.id, f"And {n}", by=eli(), side=VALLEY)
    assert code(await flow.comment(w, eli(), asked.id, "More.", objects=True, side=VALLEY)) == "REQ-TOO-LARGE"


@pytest.mark.row("WHO-3.1-8")
@pytest.mark.parametrize(
    "changes",
    [
        {"days": DAYS - 1}, {"days": 367}, {"days": 0}, {"public": False, "communities": ()},
        {"communities": (HILL,)}, {"ground": " "}, {"ground": "x" * (MOST_TEXT + 1)},
    ],
    ids=["short", "long", "none", "nobody", "no such community", "no ground", "too much"],
)  # fmt: skip
async def test_whom_to_ask_and_for_how_long_must_make_sense(d: Desk, changes: dict[str, Any]) -> None:
    row = await proposed(d)
    assert code(await flow.ask(d.stage.world, d.sets, who("lex"), row.id, replace(ASKED, **changes))) == "REQ-INVALID"
    assert await flow.open_ones(d.stage.world) == ()


@pytest.mark.row("WHO-3.1-8")
async def test_one_text_is_asked_about_once_at_a_time_and_an_unsound_one_never(d: Desk) -> None:
    row = await proposed(d)
    await opened(d, row)
    assert code(await flow.ask(d.stage.world, d.sets, who("lex"), row.id, ASKED)) == "REQ-STATE"
    after = await propose_packs.write(
        d.stage.world, who("root"), row.id, {row.version}, text="no pack", cases="", ground="So."
    )
    assert isinstance(after, PackProposal)
    assert code(await flow.ask(d.stage.world, d.sets, who("lex"), row.id, ASKED)) == "REQ-PACK-UNSOUND"
    await propose_packs.withdraw(d.stage.world, who("root"), row.id, {after.version})
    assert code(await flow.ask(d.stage.world, d.sets, who("lex"), row.id, ASKED)) == "REQ-STATE"


@pytest.mark.row("WHO-3.5-1")
async def test_who_is_asked_hears_of_it_who_writes_of_comments_and_who_commented_of_the_answer(d: Desk) -> None:
    row = await proposed(d)
    asked = await opened(d, row)
    assert [one.notice.what for one in await inbox(d.stage.world, eli())] == ["consultation.opened"]
    d.stage.clock.advance(1)
    one = await said(d, asked.id, by=eli(), side=VALLEY, objects=True)
    assert (await inbox(d.stage.world, who("kim")))[0].notice.about == asked.id
    d.stage.clock.advance(1)
    await flow.answer(d.stage.world, who("lex"), one.id, "So.")
    assert (await inbox(d.stage.world, eli()))[0].notice.what == "consultation.answered"
    assert not [one for one in await inbox(d.stage.world, who("sam")) if one.notice.what.startswith("consultation")]
    assert "Why?" not in str(d.stage.ledger.entries)


@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_nothing_is_said_without_its_entry(d: Desk, breaks: Any) -> None:
    asked = await opened(d, await proposed(d))
    d.stage.ledger.breaks = breaks
    with pytest.raises(LedgerDownError):
        await flow.comment(d.stage.world, who("sam"), asked.id, "Why?", objects=False)


@pytest.mark.row("WHO-3.5-1")
async def test_two_clicks_are_one_comment(d: Desk) -> None:
    asked = await opened(d, await proposed(d))
    first = await said(d, asked.id)
    assert await said(d, asked.id, " Why? ") == first
    assert (await said(d, asked.id, objects=True)).id != first.id
    assert (await said(d, asked.id, by=who("eve"))).id != first.id
    assert (await said(d, asked.id)).id != first.id, "said again after something else"
    assert d.stage.kinds().count("consultation.commented") == 4


@pytest.mark.row("WHO-3.5-1")
async def test_comments_side_by_side_pass_no_limit_and_tell_the_communities_nothing_anew(d: Desk) -> None:
    row = await proposed(d)
    asked = await opened(d, row)
    w = turning(d.stage.world)
    before = len(await inbox(w, eli()))
    many = (flow.comment(w, who("sam"), asked.id, f"{n}", objects=False) for n in range(MOST_OF_ONE + 3))
    done = await asyncio.gather(*many)
    assert [code(one) for one in done if isinstance(one, Reason)] == ["REQ-TOO-LARGE"] * 3
    assert len(await inbox(w, eli())) == before, "they are asked once, not at each comment"


@pytest.mark.row("WHO-3.5-1")
async def test_a_comment_that_began_before_the_end_does_not_land_after_the_closing(d: Desk) -> None:
    """Its writer is asked again: nobody closed over an objection that nobody answered."""
    row = await proposed(d)
    asked = await opened(d, row)
    w, ledger = d.stage.world, _Held(d.stage.world.ledger)
    late = asyncio.create_task(
        flow.comment(replace(w, ledger=cast("Ledger", ledger)), who("sam"), asked.id, "No.", objects=True)
    )
    await ledger.reached.wait()
    over(d)
    assert isinstance(await flow.close(w, who("lex"), asked.id, "Nobody objected."), Consultation)
    ledger.go_on.set()
    assert code(await late) == "REQ-STALE"
    found = await flow.read(w, asked.id)
    assert not isinstance(found, Reason)
    assert (found.comments, found.row.said) == ((), 0)


class _Held:
    """A ledger that waits, at the first entry, until it is told to go on."""

    def __init__(self, behind: Ledger) -> None:
        self.behind, self.reached, self.go_on = behind, asyncio.Event(), asyncio.Event()

    async def record(self, *said: Any) -> int | None:
        self.reached.set()
        await self.go_on.wait()
        return await self.behind.record(*said)


@pytest.mark.row("WHO-3.1-8")
async def test_two_clicks_side_by_side_are_one_proposal_and_one_consultation(d: Desk) -> None:
    w = turning(d.stage.world)
    one, other = await asyncio.gather(*(propose_packs.begin(w, d.sets, who("root"), PACK) for _ in range(2)))
    assert isinstance(one, PackProposal)
    assert one == other
    row = await rewritten(d, one, reviewed("2"))
    first, second = _Held(d.stage.world.ledger), _Held(d.stage.world.ledger)
    asking = [asyncio.create_task(_asked(d, row, ledger)) for ledger in (first, second)]
    await first.reached.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.reached.wait(), 0.2)
    first.go_on.set()
    second.go_on.set()
    assert [code(one) for one in await asyncio.gather(*asking) if isinstance(one, Reason)] == ["REQ-STATE"]


def _asked(d: Desk, row: PackProposal, ledger: object) -> Coroutine[Any, Any, Consultation | Reason]:
    return flow.ask(replace(d.stage.world, ledger=cast("Ledger", ledger)), d.sets, who("lex"), row.id, ASKED)
