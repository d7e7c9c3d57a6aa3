"""Who speaks for the place of origin, on pages and over the API: reads what a use gives to its people, and is heard."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.origin import MOST_TEXT
from broker.core.consent.model import CommunityDecision
from broker.core.ids import PersonId, SubjectRef
from broker.core.rows import Person, Request, Role, Row
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, signed_in, site
from tests.web.test_applications_over_http import ask
from tests.web.test_workflow_pages import HEARTS, committee

VALLEY = SubjectRef("com_valley")
SIDE = f"community:{VALLEY}"
DAY = 86_400
ABROAD = HEARTS | {"countries": "DE\nFR", "benefit": "<b>Clinics</b> of the valley."}
ROLES = {
    "ada": (), "sam": (), "eli": ("community_authority", SIDE), "mei": ("committee_chair", f"committee:{b.DAC}"),
    "lee": ("committee_member", f"committee:{b.DAC}"), "hal": ("community_authority", "community:com_hill"),
}  # fmt: skip
SIDES = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "To all."}


def people() -> list[Row]:
    word = CommunityDecision(
        authority="elders", rule="a quorum", members="the valley", decision="approved", local_only=False
    )
    made: list[Row] = [b.consent(VALLEY, consent_id="com", level="community", community=word)]
    for name, role in ROLES.items():
        home = ("faculty@rhine.example",) if name == "ada" else ()
        made += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START)]
        made += [browser_session(name, affiliations=home), *signed_in(f"usr_{name}", home)]
        if role:
            seat = "origin:DE" if name == "lee" else None
            made.append(Role(id=f"r-{name}", role=role[0], scope=role[1], iss=b.HOME, sub=name, seat=seat))
    return made


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *people(), committee=committee(), grant=None, role=None) as made:
        yield made


async def handed(s: Site) -> Request:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **ABROAD)
    assert "It may comment until the end of" in ada.text, ada.text
    s.stage.clock.advance(1)
    (row,) = s.stage.live.current().requests_for(b.HEART)
    assert row.origin is not None
    assert row.origin.sides == (SIDE, "origin:DE")
    return row


def now(s: Site) -> Request:
    (row,) = s.stage.live.current().requests_for(b.HEART)
    return row


@pytest.mark.row("WHO-3.2-1", "WHO-3.5-2")
async def test_a_community_reads_what_it_gives_objects_and_is_answered(s: Site) -> None:
    row = await handed(s)
    eli, mei, lee, ada = (Browser(s, name) for name in ("eli", "mei", "lee", "ada"))
    shown = await eli.open("/community")
    assert "&lt;b&gt;Clinics&lt;/b&gt; of the valley." in shown
    assert row.origin is not None
    assert "29 January 2027" in shown, "the clock"
    said = {"do": "comment", "request": row.id, "side": SIDE}
    await eli.send("/community", kind="objection", text="<i>Not</i> without us.", **said)
    assert "What you wrote is on record" in eli.text
    review = f"/reviews/{row.review}"
    for one, path in ((mei, review), (ada, f"/applications/{_application(s)}")):
        shown = await one.open(path)
        assert "&lt;i&gt;Not&lt;/i&gt; without us." in shown
        assert "29 January 2027" in shown, "both sides see the clock: the country's seat has time"
        assert "usr_eli" not in shown
        assert str(VALLEY) not in shown
    await lee.open(review)
    await lee.send(review, do="comment", request=row.id, side="origin:DE", kind="comment", text="Fine with us.")
    await lee.send(review, do="assess", dataset=b.HEART, **SIDES)
    for one in (mei, lee):
        await one.open(review)
        assert "It objects." in one.text
        await one.send(review, do="vote", dataset=b.HEART, choice="yes", ground="So.")
    await mei.send(review, do="decide", request=row.id, answer="approve", ground="Good.")
    assert (mei.status, "A yes says what the committee answers" in mei.text) == (409, True)
    answer = {"code:REQ-ORIGIN-OBJECTED": "You get a seat."}
    await mei.send(review, do="decide", request=row.id, answer="approve", ground="Good.", **answer)
    assert mei.status == 200, mei.text
    assert "You get a seat." in await ada.open(f"/applications/{_application(s)}")
    assert now(s).state == "approved"


def _application(s: Site) -> str:
    return str(s.stage.live.current().applications_of(b.ADA)[0].id)


@pytest.mark.row("WHO-3.5-2")
async def test_silence_is_shown_as_silence(s: Site) -> None:
    row = await handed(s)
    s.stage.clock.advance(20 * DAY)
    assert row.origin is not None
    for name, path in (("mei", f"/reviews/{row.review}"), ("ada", f"/applications/{_application(s)}")):
        session = browser_session(name, expires=START + 90 * DAY, affiliations=("faculty@rhine.example",))
        s.stage.ledger.on_commit((session,))
        s.stage.ledger.rows[session.KIND, session.id] = session
        shown = await Browser(s, name).open(path)
        assert "It said nothing in its time, which ended with 29 January 2027. That is no yes." in shown


@pytest.mark.row("WHO-3.2-1")
@pytest.mark.parametrize("by", ["sam", "hal", "ada", "mei"])
async def test_nobody_comments_for_others(s: Site, by: str) -> None:
    row = await handed(s)
    before = len(s.stage.ledger.entries)
    body = {"side": SIDE, "objects": True, "text": "Ours."}
    status, told = await ask(s, "POST", f"/requests/{row.id}/comments", f"usr_{by}", body)
    assert (status, told["code"]) == (404, "REQ-NOT-FOUND")
    one = Browser(s, by)
    token = (await one.open("/applications/new")).split('name="form" value="')[1].split('"')[0]
    for path in ("/community", f"/reviews/{row.review}"):
        await one.send(path, token=token, do="comment", request=row.id, side=SIDE, kind="objection", text="Ours.")
        assert one.status in (403, 404, 409)
    assert now(s) == row
    assert len(s.stage.ledger.entries) == before


@pytest.mark.row("WHO-3.2-1")
async def test_the_pseudonym_of_a_community_is_told_to_nobody_but_who_speaks_for_it(s: Site) -> None:
    row = await handed(s)
    body = {"side": SIDE, "objects": True, "text": "Ours."}
    _, told = await ask(s, "POST", f"/requests/{row.id}/comments", "usr_eli", body)
    assert told["origin"]["words"][0]["side"] == SIDE
    for by in ("ada", "mei", "lee"):
        for path in (f"/requests/{row.id}", "/requests"):
            _, told = await ask(s, "GET", path, f"usr_{by}")
            assert "Ours." in str(told)
            assert str(VALLEY) not in str(told), (by, path)
    _, told = await ask(s, "GET", f"/reviews/{row.review}", "usr_mei")
    assert [one["origin"]["sides"] for one in told["requests"]] == [["community", "origin:DE"]]
    _, told = await ask(s, "GET", "/communities", "usr_eli")
    assert told["communities"][0]["requests"][0]["origin"]["sides"] == [SIDE, "origin:DE"]


@pytest.mark.row("WHO-3.2-1")
async def test_a_form_of_another_sign_in_and_too_much_are_refused_and_what_was_typed_is_kept(s: Site) -> None:
    row = await handed(s)
    eli = Browser(s, "eli")
    await eli.open("/community")
    said: dict[str, Any] = {"do": "comment", "request": row.id, "side": SIDE, "kind": "comment"}
    await eli.send("/community", token="old", text="Ours.", **said)
    assert eli.status == 400
    await eli.open("/community")
    await eli.send("/community", text=f"<b>{'x' * MOST_TEXT}", **said)
    assert (eli.status, "&lt;b&gt;xxx" in eli.text) == (409, True)
    await eli.send("/community", text="x" * 40_000, **said)
    assert eli.status == 413
    assert now(s) == row


@pytest.mark.row("WHO-3.2-1", "WHO-3.5-2")
async def test_over_the_api_it_is_the_same(s: Site) -> None:
    row = await handed(s)
    _, mine = await ask(s, "GET", "/communities", "usr_eli")
    (asked,) = mine["communities"][0]["requests"]
    assert (asked["id"], asked["benefit"], asked["origin"]["standing"]) == (row.id, ABROAD["benefit"], "open")
    body = {"side": SIDE, "objects": True, "text": "Ours."}
    status, told = await ask(s, "POST", f"/requests/{row.id}/comments", "usr_eli", body)
    assert (status, told["origin"]["silent"], len(told["origin"]["words"])) == (201, ["origin:DE"], 1)
    assert "usr_eli" not in str(told)
    for wrong in ({"text": ""}, {"text": "x" * (MOST_TEXT + 1)}, {"side": ""}):
        assert (await ask(s, "POST", f"/requests/{row.id}/comments", "usr_eli", body | wrong))[0] == 400
    for by in ("usr_ada", "usr_mei"):
        _, seen = await ask(s, "GET", f"/requests/{row.id}", by)
        assert seen["origin"]["until"] == told["origin"]["until"]
        assert seen["origin"]["words"][0]["text"] == "Ours."
        assert "usr_eli" not in str(seen)
        _, review = await ask(s, "GET", f"/reviews/{row.review}", by)
        assert review["requests"][0]["origin"] == seen["origin"]
    decision = {"decision": "approve", "ground": "Good."}
    await ask(s, "POST", f"/reviews/{row.review}/assessments", "usr_lee", {"dataset": b.HEART, **SIDES})
    status, told = await ask(s, "POST", f"/requests/{row.id}/decision", "usr_mei", decision)
    assert (status, told["code"]) == (409, "REQ-ORIGIN-OPEN")
