"""Consultations on pages and over the API: opened, read by everybody, commented on, answered, closed; and attacked."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.consent.model import CommunityDecision
from broker.core.consultations import MOST_TEXT
from broker.core.ids import PersonId, SubjectRef
from broker.core.rows import Comment, Consultation, Person, Role, Row
from broker.web.state import BROKER
from tests import builders as b
from tests.desk import PACK, ROLES, Desk, desk_at, people, reviewed
from tests.fakes import START
from tests.web.browsing import FORM, Browser, browser_session
from tests.web.site import Site, signed_in, site
from tests.web.test_applications_over_http import ask

VALLEY = SubjectRef("com_valley")
COUNCIL = CommunityDecision(
    authority="Council of the valley", rule="a quorum", members="people of the valley", decision="undecided", local_only=False,
)  # fmt: skip
DAY, DAYS = 86_400, 14
ALL = (*ROLES, "eli", "pia")


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    long = START + 90 * DAY
    more: list[Row] = [
        *people(), *(browser_session(name, expires=long) for name in ALL), b.consent(VALLEY, consent_id="com", level="community", community=COUNCIL),
        Person(id=PersonId("usr_eli"), log_key="ee" * 32, created=START),
        Role(id="r-eli", role="community_authority", scope=f"community:{VALLEY}", iss=b.HOME, sub="eli"),
    ]  # fmt: skip
    for name in ("root", "lex", "sam", "eli", "eve"):
        more += [replace(one, expires=long) for one in signed_in(f"usr_{name}")]  # type: ignore[type-var]
    async with site(tmp_path, *more) as made:
        broker = made.http.app[BROKER]
        made.http.app._state[BROKER] = replace(broker, world=replace(broker.world, consultation_days=DAYS))
        yield made


@pytest.fixture
async def d(s: Site, tmp_path: Path) -> Desk:
    return await desk_at(s, tmp_path / "packs")


async def opened(s: Site, language: str = "en", **fields: Any) -> tuple[str, str]:
    """The addresses of a proposal, and of a consultation about it."""
    root = Browser(s, "root", language)
    await root.open("/admin/packs")
    await root.send("/admin/packs", pack=PACK)
    proposal = root.path
    seen = str(re.findall(r'name="seen" value="(\d+)"', root.text)[0])
    await root.send(proposal, do="propose", seen=seen, **reviewed("2"))
    assert root.status == 200, root.text
    asked = {
        "days": str(DAYS),
        "public": "yes",
        "communities": str(VALLEY),
        "asked_ground": "A <b>number</b>.",
    } | fields
    await root.send(proposal, do="consult", **asked)
    assert root.path.startswith("/consultations/cst_"), root.text
    return proposal, root.path


@pytest.mark.row("WHO-3.1-8", "WHO-3.5-1")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_from_the_question_to_the_rules_that_everybody_can_check(s: Site, d: Desk, language: str) -> None:
    proposal, path = await opened(s, language)
    root, lex, sam, eli, nobody = (Browser(s, name, language) for name in ("root", "lex", "sam", "eli", ""))
    await lex.open(proposal)
    files = re.findall(r'name="files" value="([0-9a-f]{64})"', lex.text)
    await lex.send(proposal, do="activate", files=files[0])
    assert (lex.status, d.version()) == (409, "1"), "nobody puts it in force while people are asked"
    assert path in await nobody.open("/policies")
    assert path in await eli.open("/community")
    shown = await nobody.open(path)
    assert (nobody.status, "A &lt;b&gt;number&lt;/b&gt;." in shown) == (200, True)
    assert "/sign-in" in shown
    await sam.open(path)
    await sam.send(path, do="comment", text="<i>Why</i> now?", side="", kind="comment")
    await eli.open(path)
    await eli.send(path, do="comment", text="Not without us.", side=VALLEY, kind="objection")
    shown = await nobody.open(path)
    assert "&lt;i&gt;Why&lt;/i&gt; now?" in shown
    assert "Not without us." in shown
    assert not [name for name in ("usr_", VALLEY) if name in shown], "nobody is named"
    s.stage.clock.advance(DAYS * DAY)
    assert 'name="do" value="comment"' not in await sam.open(path)
    await lex.open(path)
    await lex.send(path, do="close", result="Done.")
    assert lex.status == 409, "an objection has no answer"
    objection = _comment(s, objects=True)
    await lex.send(path, do="answer", comment=objection.id, answer="You get a seat.")
    await lex.send(path, do="close", result="A seat was given.")
    assert lex.status == 200, lex.text
    _signed_in_now(s, "lex")
    await lex.open(proposal)
    await lex.send(proposal, do="activate", files=files[0])
    assert (lex.status, d.version()) == (200, "2"), lex.text
    shown = await nobody.open(f"/policies/{PACK}")
    assert path in shown, "the version shows in which consultation people were asked"
    assert "&lt;time" not in shown
    assert re.search(r"<li>[^<]+: [a-z ]+, <time [^>]+>[^<]+</time></li>", shown)
    assert "usr_" not in shown
    shown = await nobody.open(path)
    for said in ("You get a seat.", "A seat was given.", "Not without us."):
        assert said in shown
    assert path not in await root.open("/policies"), "it is open no longer"


def _signed_in_now(s: Site, name: str) -> None:
    now = s.stage.clock.now()
    fresh = browser_session(name, auth_time=now, expires=now + 9000)
    s.stage.ledger.rows[fresh.KIND, fresh.id] = fresh


def _comment(s: Site, *, objects: bool) -> Comment:
    return next(row for row in s.stage.ledger.rows.values() if isinstance(row, Comment) and row.objects is objects)


def _state(s: Site) -> list[Row]:
    return [row for row in s.stage.ledger.rows.values() if isinstance(row, Comment | Consultation)]


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.usefixtures("d")
async def test_a_signed_in_stranger_gets_nowhere(s: Site) -> None:
    _, path = await opened(s, public="")
    id = path.rsplit("/", 1)[1]
    before = _state(s)
    for name in ("sam", "pia", "eve"):
        one = Browser(s, name)
        await one.open(path)
        for fields in (
            {"do": "comment", "text": "Ours.", "side": VALLEY, "kind": "objection"},
            {"do": "comment", "text": "Ours.", "side": "", "kind": "comment"},
            {"do": "close", "result": "Mine."},
            {"do": "answer", "comment": "com_no", "answer": "Mine."},
            {"do": "reopen"},
        ):
            await one.send(path, token=_token(await one.open("/complain")) or "none", **fields)
            assert one.status in (400, 403, 409), (name, fields, one.status)
    sam = "usr_sam"
    for method, where, body in (
        ("POST", f"/consultations/{id}/comments", {"text": "Ours.", "community": VALLEY, "objects": True}),
        ("POST", f"/consultations/{id}/comments", {"text": "Ours."}),
        ("POST", f"/consultations/{id}/closing", {"result": "Mine."}),
        ("POST", "/consultations", {"proposal": "pro_no", "days": 30, "ground": "Mine."}),
        ("POST", "/consultations/comments/com_no/answer", {"text": "Mine."}),
    ):
        assert (await ask(s, method, where, sam, body))[0] == 403, where
    assert _state(s) == before


def _token(text: str) -> str:
    return next(iter(re.findall(r'name="form" value="([^"]+)"', text)), "")


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.usefixtures("d")
async def test_what_comes_from_elsewhere_or_late_or_is_too_much_does_nothing(s: Site) -> None:
    _, path = await opened(s)
    before = _state(s)
    sam = Browser(s, "sam")
    await sam.open(path)
    said = {"do": "comment", "side": "", "kind": "comment"}
    await sam.send(path, token="old", text="<b>An hour of words", **said)
    assert (sam.status, "&lt;b&gt;An hour of words" in sam.text) == (400, True), "given back, and not done"
    await sam.open(path)
    await sam.send(path, text="x" * (MOST_TEXT + 1), **said)
    assert sam.status == 409
    await sam.open(path)
    await sam.send(path, text="x" * 70_000, **said)
    assert sam.status == 413
    elsewhere = {"Origin": "https://evil.example"} | sam.headers | FORM
    token = _token(await sam.open(path))
    answer = await s.http.post(path, data={"form": token, "text": "Ours.", **said}, headers=elsewhere)
    assert answer.status == 400
    assert "Ours." not in await answer.text()
    stranger = Browser(s, "")
    await stranger.send(path, token="", text="Ours.", **said)
    assert stranger.status == 400
    for wrong in ("/consultations/cst_no", "/consultations/<b>"):
        await stranger.open(wrong)
        assert stranger.status == 404
    assert _state(s) == before


@pytest.mark.row("WHO-3.1-8")
@pytest.mark.usefixtures("d")
async def test_over_the_api_it_is_the_same(s: Site) -> None:
    proposal, path = await opened(s)
    id = path.rsplit("/", 1)[1]
    again = {"proposal": proposal.rsplit("/", 1)[1], "days": DAYS, "ground": "Twice.", "communities": []}
    assert (await ask(s, "POST", "/consultations", "usr_lex", again))[0] == 409
    assert (await ask(s, "POST", "/consultations", "usr_lex", again | {"days": 0}))[0] == 400
    status, made = await ask(
        s, "POST", f"/consultations/{id}/comments", "usr_eli", {"text": "No.", "community": VALLEY, "objects": True}
    )
    assert (status, made["as"], made["objects"]) == (201, "community", True)
    status, told = await ask(s, "GET", f"/consultations/{id}", "usr_sam")
    assert (status, told["current"], [one["text"] for one in told["comments"]]) == (200, True, ["No."])
    assert not [name for name in ("usr_", VALLEY) if name in str({**told, "text": ""})]
    anonymous = await (await s.http.get(f"/api/v1/consultations/{id}")).json()
    assert anonymous == told
    listed = await (await s.http.get("/api/v1/consultations")).json()
    assert [one["id"] for one in listed["consultations"]] == [id]
    assert (await (await s.http.get("/api/v1/consultations?pack=none")).json()) == {"consultations": []}
    status, answered = await ask(s, "POST", f"/consultations/comments/{made['id']}/answer", "usr_lex", {"text": "So."})
    assert (status, answered["answer"], answered["objects"]) == (200, "So.", True)
    assert (await ask(s, "POST", f"/consultations/{id}/closing", "usr_lex", {"result": "Soon."}))[0] == 409
    s.stage.clock.advance(DAYS * DAY)
    now = s.stage.clock.now()
    later = {"iat": now, "exp": now + 600}
    for by, where, body, wanted in (
        ("usr_sam", "comments", {"text": "Late."}, 409),
        ("usr_lex", "closing", {"result": "Done."}, 200),
        ("usr_lex", "closing", {"result": "Twice."}, 409),
    ):
        headers = s.headers(by, **later)
        answer = await s.http.post(f"/api/v1/consultations/{id}/{where}", headers=headers, json=body)
        assert answer.status == wanted, await answer.text()
    _, told = await ask(s, "GET", f"/consultations/{id}", "usr_lex")
    assert (told["state"], told["result"]) == ("closed", "Done.")


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.usefixtures("d")
async def test_many_comments_are_read_a_page_at_a_time(s: Site) -> None:
    _, path = await opened(s)
    id = path.rsplit("/", 1)[1]
    for n in range(51):
        made = Comment(
            id=f"com_{n:04}", consultation=id, person=PersonId(f"usr_{n}"), objects=False, text=f"Word {n}.", at=START
        )
        s.stage.ledger.rows[made.KIND, made.id] = made
    nobody, root = Browser(s, ""), Browser(s, "root")
    shown = await nobody.open(path)
    assert ("Word 49." in shown, "Word 50." in shown) == (True, False)
    shown = await nobody.open(nobody.links(f"{path}?from")[0])
    assert ("Word 49." in shown, "Word 50." in shown) == (False, True)
    for wrong in ("?from=99999", "?from=-1", "?from=x"):
        await nobody.open(path + wrong)
        assert nobody.status == 200
    await root.open(f"{path}?from=50")
    await root.send(f"{path}?from=50", do="answer", comment="com_0050", answer="So.")
    assert (root.path, "Word 50." in root.text, "So." in root.text) == (f"{path}?from=50", True, True)
    first = await (await s.http.get(f"/api/v1/consultations/{id}")).json()
    assert len(first["comments"]) == 50
    rest = await (await s.http.get(f"/api/v1/consultations/{id}", params={"token": first["next"]})).json()
    assert ([one["text"] for one in rest["comments"]], rest["next"]) == (["Word 50."], None)


@pytest.mark.row("WHO-3.5-1")
@pytest.mark.usefixtures("d")
async def test_however_long_comments_are_a_page_of_them_is_light_and_each_is_on_one(s: Site) -> None:
    _, path = await opened(s)
    id = path.rsplit("/", 1)[1]
    for n in range(20):
        text = f"Word {n}. ".ljust(MOST_TEXT, "x") if n % 3 else f"Word {n}. "
        made = Comment(id=f"com_{n:04}", consultation=id, person=PersonId("usr_x"), objects=False, text=text, at=START)
        s.stage.ledger.rows[made.KIND, made.id] = replace(made, answer="y" * MOST_TEXT, answered=START)
    nobody, told, here = Browser(s, ""), list[str](), path
    while here:
        shown = await nobody.open(here)
        assert len(shown.encode()) < 70_000
        told += re.findall(r"Word (\d+)\. ", shown)
        onward = [one for one in nobody.links(f"{path}?from") if int(one.rpartition("=")[2]) > len(told) - 1]
        here = onward[0] if onward else ""
    assert told == [str(n) for n in range(20)]


@pytest.mark.row("PAG-WALKED")
@pytest.mark.usefixtures("d")
async def test_a_community_is_asked_by_the_name_of_its_council_and_nobody_else_wrote_what_one_saved(s: Site) -> None:
    _, path = await opened(s, communities=" council of  the VALLEY\n", public="")
    row = await s.stage.world.rows.get(Consultation, path.rsplit("/", 1)[1])
    assert row is not None
    assert row.communities == (VALLEY,)
    root = Browser(s, "root")
    await root.open("/admin/packs")
    await root.send("/admin/packs", pack="other-law")
    seen = str(re.findall(r'name="seen" value="(\d+)"', root.text)[0])
    text = await root.send(root.path, do="propose", seen=seen, text="no: [\r\npack", cases="", ground="New.")
    assert root.status == 409
    assert "Somebody else wrote meanwhile" not in text
    text = await root.send(root.path, do="save", seen=seen, text="other", cases="", ground="Of another window.")
    assert root.status == 409
    assert "Somebody else wrote meanwhile" in text
