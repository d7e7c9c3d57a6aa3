"""The invariants of the workflow (dac-workflow section 4), each by its number: what holds after every step of any life.

Those of which other files hold the property are marked there with the same rows: I5, I10 and I12, and what I9 says of
HTTP and of webhooks.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.access.grants import USED
from broker.core.access.life import Stage
from broker.core.access.parts import Part
from broker.core.access.states import State
from broker.core.amending import asked
from broker.core.committees import orphaned
from broker.core.grants import stage as stage_of
from broker.core.outcome import Outcome, Reason
from broker.core.rows import Application, Grant, Put, Request, Review, Role, Row, Trace
from broker.core.snapshot import follow
from broker.flows import apply_catalogue
from broker.flows.applications import drafts
from broker.flows.applications.desk import desk, inbox
from broker.flows.applications.hand_in import hand_in, take_back
from broker.flows.applications.review import endorse, invite, step_aside, vote
from broker.flows.applications.together import part
from tests import builders as b
from tests.flows.test_applications import (
    CHAIR,
    HANDLER,
    MEMBER,
    ODA,
    OTHER_MEMBER,
    PAPER,
    SAM,
    handed,
    seat,
    who,
    world,
)
from tests.flows.test_together import ADA, STEPS, TEAM, now, one_step
from tests.flows.worlds import Stage as World

PEOPLE = (b.ADA, ODA.id)
Check = Callable[[World, Application], None]


def i1(s: World, _: Application) -> None:
    """Nothing is used that no committee approved, that has ended, or to which a gate had said no."""
    snapshot = s.live.current()
    for grant in (one for person in PEOPLE for one in snapshot.grants(person, b.HEART)):
        if stage_of(grant, snapshot, s.clock.now()) in USED:
            of = snapshot.get(Request, grant.request)
            assert of is not None
            assert of.state is State.APPROVED
            trace = s.ledger.rows["trace", str(of.decision)]
            assert isinstance(trace, Trace)
            assert trace.body["decision"]["outcome"] in {Outcome.PERMIT, Outcome.PERMIT_WITH_OBLIGATIONS}
            assert grant.ends > s.clock.now()


def i2(s: World, made: Application) -> None:
    """Nobody who applies, or once did, decided or weighed it."""
    here, snapshot = now(s, made), s.live.current()
    judges = {row.decided_by for row in asked(here, snapshot)}
    for id in here.reviews:
        review = snapshot.get(Review, id)
        assert review is not None
        judges |= {one.person for one in review.votes} | {one.person for one in review.assessed}
        judges |= {one.person for one in review.invited}
    assert not judges & here.ever


def i3(s: World, made: Application) -> None:
    """Every answer says who, when, by which rules, from what, why by each gate, and in whose words."""
    for row in asked(now(s, made), s.live.current()):
        if row.decision is None:
            continue
        assert row.decided_by is not None
        assert row.ground != ""
        kept = s.ledger.rows["trace", row.decision]
        assert isinstance(kept, Trace)
        assert {"question", "generation", "versions", "decision", "explanation", "human"} <= kept.body.keys()
        assert kept.body["human"]["reasons_text"] == row.ground
        assert {"code", "ontology", "rules"} <= kept.body["versions"].keys()
        assert kept.at <= s.clock.now()
        entry = next(one for one in s.ledger.entries if one.about.get("decision") == row.decision)
        assert entry.about["trace"] == Put(kept).digest, "the log holds the digest of it"


def i4(s: World, _: Application) -> None:
    """The picture is what the entries made of the first one, and of nothing else."""
    folded = s.first  # type: ignore[attr-defined]
    for n in range(len(s.ledger.entries)):
        folded = follow(folded, [row for at, row in s.ledger.changes if at == n])
    assert (folded.rows, folded.index) == (s.live.current().rows, s.live.current().index)


def i6(s: World, made: Application) -> None:
    """A committee's own words, and who sits there, are in nothing that applicants see of it."""
    for id in now(s, made).reviews:
        review = s.live.current().get(Review, id)
        assert review is not None
        for by in (ADA, TEAM):
            seen = desk(by, review, s.live.current())
            assert seen is None or not seen.inside


def i8(s: World, made: Application) -> None:
    """What waits before a committee can be answered by somebody of it."""
    snapshot = s.live.current()
    gone = [replace(row, status="ended", version=row.version + 1) for row in _seats(s)]
    waits = any(snapshot.get(Review, id).stage not in (Stage.DECIDED, Stage.WITHDRAWN) for id in now(s, made).reviews)  # type: ignore[union-attr]
    assert bool(orphaned(gone, snapshot, follow(snapshot, gone), s.clock.now())) is waits


def i11(s: World, made: Application) -> None:
    """What was rejected or taken back is found as before, by who asked and in the register of what was asked."""
    snapshot = s.live.current()
    ever = {row.id for _, row in s.ledger.changes if isinstance(row, Request)}
    assert ever == {row.id for row in asked(now(s, made), snapshot)}
    assert ever <= {row.id for person in PEOPLE for row in snapshot.requests_of(person)}
    assert made.id in {row.id for row in snapshot.applications_of(b.ADA)}


def _seats(s: World) -> list[Role]:
    found = s.live.current().index.get(("seats", f"committee:{b.DAC}"))
    return [row for row in (found or {}).values() if isinstance(row, Role)]


INVARIANTS: dict[str, Check] = {"I1": i1, "I2": i2, "I3": i3, "I4": i4, "I6": i6, "I8": i8, "I11": i11}


@pytest.mark.parametrize("name", INVARIANTS)
@settings(max_examples=12)
@given(steps=STEPS)
@pytest.mark.row("WF-I1", "WF-I2", "WF-I3", "WF-I4", "WF-I6", "WF-I8", "WF-I11")
async def test_after_every_step_of_any_life_it_holds(name: str, steps: list[str]) -> None:
    s = world(seat("committee_chair", "mei"), seat("committee_member", "lee"))
    s.first = s.live.current()  # type: ignore[attr-defined]
    made = await handed(s)
    for n, step in enumerate(steps):
        s.clock.advance(60)
        await one_step(s, made, step, n)
        INVARIANTS[name](s, made)


@given(
    st.sampled_from([MEMBER, CHAIR, HANDLER, TEAM, who(SAM)]), st.dictionaries(st.text(max_size=5), st.text(max_size=9))
)
@pytest.mark.row("WF-I6", "WF-DRAFT")
async def test_i6_a_draft_is_seen_by_its_author_alone(by: Any, typed: dict[str, str]) -> None:
    s = world()
    id = await drafts.save(s.world, ADA, None, typed)
    assert isinstance(id, str)
    everything = replace(by, roles=tuple(seat(part.value, "x", "service") for part in Part))
    for one in (by, everything):
        assert await drafts.read(s.world, one, id) == Reason(code="REQ-NOT-FOUND")
        assert await drafts.listed(s.world, one) == ()
        await drafts.delete(s.world, one, id)
        assert inbox(one, s.live.current()) == ()
    kept = await drafts.read(s.world, ADA, id)
    assert not isinstance(kept, Reason)
    assert kept["value"] == typed


SEATED = ("chair", "member", "other")


@given(st.sets(st.sampled_from(SEATED)), st.sampled_from([1, 2]), st.booleans())
@pytest.mark.row("WF-I8")
async def test_i8_the_last_who_can_answer_stays_while_something_waits(gone: set[str], quorum: int, waits: bool) -> None:  # noqa: FBT001 (drawn)
    seats = {
        "chair": seat("committee_chair", "mei"),
        "member": seat("committee_member", "lee"),
        "other": seat("committee_member", "sam"),
    }
    s = world(*seats.values(), quorum=quorum)
    made = await handed(s)
    if not waits:
        await take_back(s.world, ADA, made.id)
    left = set(SEATED) - gone
    enough = bool(left) if quorum == 1 else len(left) >= quorum and "chair" in left
    there = [row for row in _seats(s) if row.id not in {one.id for one in seats.values()}]
    ended: list[Row] = [replace(row, status="ended") for row in (*there, *(seats[name] for name in sorted(gone)))]
    if waits and not enough:
        with pytest.raises(ValueError, match="nobody would be left who can answer"):
            await apply_catalogue.foresee(s.world, ended)
    else:
        await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, ended), None)
        again = seat("committee_chair", "new")
        await apply_catalogue.apply(s.world, await apply_catalogue.foresee(s.world, [again]), None)


@pytest.mark.row("WF-I8")
async def test_i8_a_quorum_is_not_raised_above_who_sits_there() -> None:
    s = world(seat("committee_chair", "mei"), seat("committee_member", "lee"), quorum=2)
    committee = next(row for row in s.ledger.rows.values() if row.KIND == "committee")
    three = replace(committee, quorum=3)  # type: ignore[type-var]
    await apply_catalogue.foresee(s.world, [three])
    await handed(s)
    with pytest.raises(ValueError, match="it needs a chair, and 3 with a vote"):
        await apply_catalogue.foresee(s.world, [three])


TWICE = ("vote", "aside", "invite", "endorse", "leave", "back", "draft", "hand_in")


@given(st.sampled_from(TWICE), st.integers(2, 4))
@pytest.mark.row("WF-I9")
async def test_i9_what_is_sent_again_is_done_once(name: str, times: int) -> None:
    s = world(endorsed=name == "endorse")
    made = await handed(s)
    review, official = made.reviews[0], who(SAM, seat("signing_official", "sam", f"organisation:{_home(s)}"))
    if name == "leave":
        await one_step(s, made, "join", 0)
    draft = await drafts.save(s.world, ADA, None, {"title": "Hearts"})
    assert isinstance(draft, str)
    step: dict[str, Callable[[], Any]] = {
        "vote": lambda: vote(s.world, MEMBER, review, b.HEART, "yes", "Fine."),
        "aside": lambda: step_aside(s.world, OTHER_MEMBER, review, "A friend."),
        "invite": lambda: invite(s.world, HANDLER, review, SAM.id, Part.REVIEWER),
        "endorse": lambda: endorse(s.world, official, review, yes=True, ground="Ours."),
        "leave": lambda: part(s.world, TEAM, made.id, ODA.id),
        "back": lambda: take_back(s.world, ADA, made.id),
        "draft": lambda: drafts.delete(s.world, ADA, draft),
        "hand_in": lambda: hand_in(s.world, ADA, (b.HEART,), PAPER, once="app_01923456-789a-7bcd-8123-456789abcdef"),
    }
    await step[name]()
    once = {key: _unversioned(row) for key, row in s.ledger.rows.items() if row.KIND in _SHOWN}
    for _ in range(times - 1):
        await step[name]()
    assert {key: _unversioned(row) for key, row in s.ledger.rows.items() if row.KIND in _SHOWN} == once


_SHOWN = {Application.KIND, Review.KIND, Request.KIND, Grant.KIND}


def _unversioned(row: Row) -> Row:
    return replace(row, version=1)  # type: ignore[type-var]


def _home(s: World) -> str:
    return s.live.current().organisations(["rhine.example"])[0].id
