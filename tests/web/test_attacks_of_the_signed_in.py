"""Whoever is signed in, as whatever, tries what is not theirs: pages and API, in a broker in which everything happened.

Each attack goes through every address and every role, so that a page that is added later is attacked too.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Application, Grant, Request, Review, Role, Row, Session, changed
from broker.web.routes import ROUTES, Route, Who
from tests import builders as b
from tests.browser.looks import LOOKS
from tests.browser.world import PAPERS, ROLES, lived_in
from tests.web.browsing import FORM, Browser
from tests.web.site import Site

World = tuple[Site, dict[str, str]]
PEOPLE = (*ROLES, "pia", "paul")
HERE = {"application": "waiting", "review": "waiting_review", "grant": "grant", "receipt": "receipt"}
"""Parameters of paths, and which of the names of the world fills them."""
EVERYTHING = {
    "do": "save", "text": "x", "ground": "x", "answer": "approve", "choice": "yes", "dataset": b.HEART, "request": "req_1",
    "person": "usr_ada", "part": "decider", "to": "everybody", "value": "x", "word": "approved", "record": "com",
    "seen": "1", "alert": "alt_1", "incident": "inc_1", "grants": str(b.GRANT), "case": "cas_1", "kind": "appeal",
    "code": "x", "row": "{}", "until": "2027-02-20", "months": "12", "summary": "x", "none_yet": "x", "outcome": "upheld",
}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with lived_in(tmp_path) as made:
        yield made


def pages(method: str) -> Iterator[Route]:
    return (one for one in ROUTES if one.method == method and one.who is Who.BROWSER and "oauth2" not in one.path)


def filled(route: Route, names: dict[str, str]) -> str:
    """The path with what is there; what the world has no name for is a word."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: quote(names.get(HERE.get(found[1], found[1]), "word")), route.path)


def entries(s: Site) -> int:
    return len(s.stage.ledger.entries)


async def posted(s: Site, who: Browser, path: str, sent: Any, **headers: str) -> Any:
    return await s.http.post(path, data=sent, headers={**who.headers, **FORM, **headers}, allow_redirects=False)


async def token_of(who: Browser) -> str:
    """A form token that counts for this session."""
    found = re.findall(r'name="form" value="([^"]+)"', await who.open("/inbox"))
    return str(found[0]) if found else ""


@pytest.mark.row("T059")
async def test_no_form_counts_with_the_token_of_another_who_is_signed_in(world: World) -> None:
    s, names = world
    theirs, before = await token_of(Browser(s, "lee")), entries(s)
    for name in PEOPLE:
        if name == "lee":
            continue
        for route in pages("POST"):
            answer = await posted(s, Browser(s, name), filled(route, names), EVERYTHING | {"form": theirs})
            assert answer.status in (200, 303, 400, 401, 403, 404, 415), (name, route.path, answer.status)
    assert entries(s) == before


@pytest.mark.row("T059")
async def test_no_form_counts_that_another_site_sends_with_everything_right(world: World) -> None:
    s, names = world
    for name in ("mei", "ada", "root", "pia", "eli"):
        who = Browser(s, name)
        mine = await token_of(who)
        before = entries(s)
        for route in pages("POST"):
            for origin in ("https://evil.example", "null", "https://broker.example.evil.example"):
                answer = await posted(s, who, filled(route, names), EVERYTHING | {"form": mine}, Origin=origin)
                assert answer.status in (400, 401, 403, 404, 415), (name, route.path, answer.status)
        assert entries(s) == before


@pytest.mark.row("T059")
async def test_looking_at_a_page_changes_nothing_whatever_its_address_says(world: World) -> None:
    s, names = world
    for name in PEOPLE:
        who = Browser(s, name)
        mine, before = await token_of(who), entries(s)
        query = "&".join(f"{key}={quote(value)}" for key, value in {**EVERYTHING, "form": mine}.items())
        for route in pages("GET"):
            answer = await s.http.get(f"{filled(route, names)}?{query}", headers=who.headers, allow_redirects=False)
            assert answer.status < 500, (name, route.path)
        assert entries(s) == before, name


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


@pytest.mark.row("T086")
async def test_no_header_and_no_field_makes_a_look_into_a_deed(world: World) -> None:
    s, names = world
    mei = Browser(s, "mei")
    mine, before = await token_of(mei), entries(s)
    for route in pages("GET"):
        path = f"{filled(route, names)}?_method=POST&form={mine}"
        answer = await s.http.get(
            path, headers={**mei.headers, **dict.fromkeys(OVERRIDES, "POST")}, allow_redirects=False
        )
        assert answer.status < 500
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            answer = await s.http.request(method, filled(route, names), headers=mei.headers, allow_redirects=False)
            assert answer.status in (404, 405), (method, route.path)
    assert entries(s) == before


@pytest.mark.row("T080", "T083")
async def test_a_form_in_another_shape_is_refused(world: World) -> None:
    """`text/plain` and multipart are what another site could send without asking first."""
    s, names = world
    ada = Browser(s, "ada")
    mine, before = await token_of(ada), entries(s)
    body = f"form={mine}&do=submit&{'&'.join(f'{key}={quote(value)}' for key, value in PAPERS.items())}"
    for route in pages("POST"):
        for media in ("application/json", "multipart/form-data; boundary=x", "text/plain", "application/octet-stream"):
            headers = {**ada.headers, "Content-Type": media}
            answer = await s.http.post(filled(route, names), data=body.encode(), headers=headers, allow_redirects=False)
            assert answer.status in (400, 401, 403, 404, 415), (route.path, media, answer.status)
    assert entries(s) == before


UNKNOWN = {
    "application": "app_00000000-0000-7000-8000-000000000000", "review": "rev_00000000-0000-7000-8000-000000000000",
    "grant": "gra_00000000-0000-7000-8000-000000000000", "receipt": "rcp_00000000-0000-7000-8000-000000000000",
    "decision": "dec_00000000-0000-7000-8000-000000000000", "consent": "con-nobody",
}  # fmt: skip
STRANGERS = {
    "/applications/{application}": ("sam", "mei", "lee", "root", "eve", "viv", "lex", "eli", "pia"),
    "/applications/{application}/edit": ("sam", "mei", "lee", "root", "eve", "pia"),
    "/applications/{application}/amend": ("mei", "lee", "root", "eve", "pia"),
    "/reviews/{review}": ("sam", "root", "viv", "lex", "eli", "pia"),
    "/grants/{grant}": ("sam", "max", "viv", "lex", "eli", "pia"),
    "/me/receipts/{receipt}": ("sam", "mei", "root", "eve", "pia"),
    "/decisions/{decision}": ("sam", "max", "root", "viv", "eli", "pia", "paul"),
    "/my-data/consents/{consent}": ("ada", "mei", "root", "eli", "paul"),
    "/my-data/consents/{consent}/withdrawal": ("ada", "mei", "root", "eli", "paul"),
    "/my-data/consents/{consent}/receipt": ("ada", "mei", "root", "eli", "paul"),
}
"""Pages of one thing, and to whom it is not there."""


@pytest.mark.row("WF-HIDDEN", "PAG-MINE")
async def test_what_is_somebody_elses_looks_as_if_it_were_not_there(world: World) -> None:
    s, names = world
    for path, strangers in STRANGERS.items():
        (parameter,) = re.findall(r"\{(\w+)\}", path)
        known = names["refused" if parameter == "decision" else HERE.get(parameter, parameter)]
        for name in strangers:
            told = []
            for id in (known, UNKNOWN[parameter]):
                who = Browser(s, name)
                await who.open(path.replace(f"{{{parameter}}}", id))
                bare = re.sub(r"[0-9a-f]{16}|[a-z]{3}_[0-9a-f-]{36}", "", who.text.replace(id, ""))
                told.append((who.status, bare))
            assert told[0] == told[1], (path, name)
            assert told[0][0] in (303, 403, 404), (path, name)


MAY = {
    "ada": {"remark"},
    "mei": {"remark", "assess", "vote", "step_aside", "return", "decide", "invite", "delay"},
    "lee": {"remark", "assess", "vote", "step_aside", "return"},
    "max": {"remark", "step_aside"},
}
"""Who may do what with the application that waits, by the table of core/access; nobody else may anything. A committee
that votes answers by its chair, and not before it has voted.
"""
SENT: dict[str, dict[str, str]] = {
    "endorse": {"answer": "yes"}, "remark": {"text": "x"}, "vote": {"choice": "yes", "dataset": b.HEART},
    "assess": {"dataset": b.HEART, "risk_of_use": "x", "risk_of_non_use": "x", "benefit": "x", "to_whom": "x"},
    "delay": {"until": "2027-02-01"}, "step_aside": {}, "return": {"text": "x"}, "decide": {"answer": "reject"},
    "invite": {"person": "usr_sam", "part": "decider"}, "reopen": {"dataset": b.HEART},
}  # fmt: skip


@pytest.mark.row("WF-STEPS", "T134")
async def test_nobody_takes_a_step_of_an_application_that_the_table_does_not_give_them(world: World) -> None:
    s, names = world
    review = names["waiting_review"]
    row = s.stage.live.current().get(Review, review)
    assert row is not None
    for name in PEOPLE:
        who = Browser(s, name)
        mine, before = await token_of(who), entries(s)
        for do in SENT.keys() - MAY.get(name, set()):
            sent = {**SENT[do], "form": mine, "do": do, "ground": "x", "request": str(row.requests[0])}
            answer = await posted(s, who, f"/reviews/{review}", sent)
            assert answer.status in (303, 400, 403, 404, 409), (name, do, answer.status)
            assert answer.status != 303 or answer.headers["Location"].startswith(("/sign-in", "/my-data")), (name, do)
            assert entries(s) == before, (name, do)
    assert s.stage.live.current().get(Review, review) == row


STEPS_OF_GRANTS = ("suspend", "resume", "revoke", "renew", "extend", "decline", "close", "accept")


@pytest.mark.row("WF-GRANT-SUSPEND", "T134")
async def test_nobody_takes_a_step_of_a_grant_that_is_not_theirs(world: World) -> None:
    s, names = world
    row = s.stage.live.current().get(Grant, b.GRANT)
    for name in ("sam", "max", "viv", "lex", "eve", "eli", "pia", "paul"):
        who = Browser(s, name)
        mine, before = await token_of(who), entries(s)
        for do in STEPS_OF_GRANTS:
            await posted(s, who, f"/grants/{names['grant']}", {**EVERYTHING, "form": mine, "do": do})
            assert entries(s) == before, (name, do)
    assert s.stage.live.current().get(Grant, b.GRANT) == row


@pytest.mark.row("T070")
async def test_what_a_form_does_not_ask_cannot_be_said(world: World) -> None:
    """Mass assignment: the row is made of the fields of the form, and of who sits there."""
    s, _ = world
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    more = {
        "person": "usr_mei", "state": "approved", "decided_by": "usr_ada", "stage": "decided", "version": "99",
        "affiliations": "faculty@lake.example", "location": "US", "grant": str(b.GRANT), "role": "admin", "turn": "7",
        "reviews": "rev_x", "votes": "yes", "endorsed_by": "usr_ada", "user": "https://home.example|mei",
    }  # fmt: skip
    await ada.send("/applications/new", do="submit", **PAPERS, **more)
    (made,) = [row for row in s.stage.live.current().applications_of(b.ADA) if f"/applications/{row.id}" == ada.path]
    assert (made.person, made.turn, made.affiliations, made.location) == (b.ADA, 1, ("faculty@rhine.example",), "DE")
    review = s.stage.live.current().get(Review, made.reviews[0])
    assert review is not None
    assert (review.stage.value, review.votes, review.endorsed_by) == ("in_review", (), None)
    asked = [row for row in s.stage.live.current().requests_of(b.ADA) if row.review == review.id]
    assert [(row.state.value, row.decided_by, row.grant) for row in asked] == [("submitted", None, None)]


@pytest.mark.row("T070")
async def test_of_a_field_that_comes_twice_no_second_meaning_is_taken(world: World) -> None:
    s, names = world
    mei, before = Browser(s, "mei"), entries(s)
    mine, path = await token_of(mei), f"/reviews/{names['waiting_review']}"
    for sent in (
        [("form", "x" * 43), ("form", mine), ("do", "remark"), ("text", "x")],
        [("form", ""), ("form", mine), ("do", "remark"), ("text", "x")],
    ):
        answer = await posted(s, mei, path, sent)
        assert answer.status == 400, "the first counts for who asks, and for what"
    assert entries(s) == before


@pytest.mark.row("WF-DRAFT")
async def test_nobody_hands_in_keeps_copies_or_deletes_with_the_papers_of_another(world: World) -> None:
    s, names = world
    sam = Browser(s, "sam")
    for do in ("save", "submit", "check", "delete"):
        mine = await token_of(sam)
        sent = {**PAPERS, "form": mine, "do": do, "draft": names["draft"], "copied": names["waiting"], "seen": ""}
        answer = await posted(s, sam, "/applications/new", sent)
        assert names["waiting"] not in answer.headers.get("Location", "")
    assert "Why hearts fail" in await Browser(s, "ada").open(f"/applications/new?draft={names['draft']}")
    for made in s.stage.live.current().applications_of(PersonId("usr_sam")):
        assert made.copied_from is None


@pytest.mark.row("WF-HIDDEN")
async def test_whoever_applies_reads_nothing_of_the_committee_at_its_own_address(world: World) -> None:
    """The address of a review is known to who applies: remarks are sent there."""
    s, names = world
    lee, ada = Browser(s, "lee"), Browser(s, "ada")
    path = f"/reviews/{names['waiting_review']}"
    await lee.open(path)
    await lee.send(path, do="remark", text="CANARY among us.", to="committee", about="statement")
    await lee.send(path, do="vote", dataset=b.HEART, choice="no", ground="CANARY of a vote.")
    shown = await ada.open(path)
    for inside in (
        "CANARY",
        "usr_lee",
        "usr_mei",
        "usr_max",
        "Question by question",
        "How it was answered before",
        'value="decide"',
    ):
        assert inside not in shown, inside


HOSTILE = (
    "</textarea><script>alert(1)</script>", "{{ 7*7 }}{% include 'base.html' %}", '" onmouseover="alert(1)',
    "\u202e\u2066evil\u2069", "a\u2028b\u2029c", "javascript:alert(1)", "<svg/onload=alert(1)>", "&lt;b&gt;&amp;quot;",
    "\x00\x08\x1b[31m", "%0d%0aSet-Cookie: a=b", "..%2f..%2fetc/passwd", "' OR 1=1 --", "\U000e0041" * 50,
)  # fmt: skip


@pytest.mark.row("T075", "T017")
async def test_words_of_one_are_never_code_on_the_page_of_another(world: World) -> None:
    s, names = world
    ada, lee, mei, max_ = (Browser(s, name) for name in ("ada", "lee", "mei", "max"))
    whole = " ".join(HOSTILE)
    await ada.open("/applications/new")
    typed = PAPERS | {"title": whole[:290], "statement": whole, "lay": whole, "benefit": whole}
    await ada.send("/applications/new", do="submit", **typed)
    (made,) = [row for row in s.stage.live.current().applications_of(b.ADA) if f"/applications/{row.id}" == ada.path]
    path = f"/reviews/{made.reviews[0]}"
    await lee.open(path)
    await lee.send(path, do="remark", text=whole, to="everybody", about=whole[:200])
    await lee.send(path, do="remark", text=whole, to="everybody", about="statement")
    await lee.send(
        path, do="assess", dataset=b.HEART, risk_of_use=whole, risk_of_non_use=whole, benefit=whole, to_whom=whole
    )
    await mei.open(path)
    await mei.send(path, do="return", text=whole)
    shown = [
        await ada.open(f"/applications/{made.id}"), await ada.open(f"/applications/{made.id}/edit"),
        await ada.open("/applications"), await lee.open(path), await mei.open("/reviews"),
        await Browser(s, "eve").open(path), await ada.open(f"/applications/new?copy={made.id}"),
        await max_.open(f"/reviews/{names['waiting_review']}"),
    ]  # fmt: skip
    for text in shown:
        assert "<script>alert" not in text
        assert "<svg/onload" not in text
        assert '" onmouseover="alert' not in text
        assert "49{%" not in text.replace(" ", "")
        assert not re.search(r'(?:href|src|action)="javascript:', text)
    assert "{{ 7*7 }}" in shown[0]


FIELDS = (
    *EVERYTHING,
    "from",
    "n",
    "q",
    "version",
    "draft",
    "copy",
    "lang",
    "of",
    "audience",
    "after",
    "state",
    "noticed",
    "review_on",
)


@pytest.mark.row("T082", "T083")
async def test_no_value_in_an_address_is_an_error_of_ours(world: World) -> None:
    s, names = world
    root = Browser(s, "root")
    for odd in (
        "%00",
        "%ED%A0%80",
        "%D9%A2%D9%A3",
        "9" * 400,
        "-1",
        "1e9",
        "%C3%A9" * 300,
        "..%2F..%2Fx",
        "%0d%0aX: y",
    ):
        query = "&".join(f"{name}={odd}" for name in FIELDS)
        for look in LOOKS:
            address = look.address.format_map(names).partition("?")[0]
            answer = await s.http.get(f"{address}?{query}", headers=root.headers, allow_redirects=False)
            assert answer.status < 500, (address, odd)
            assert "X" not in answer.headers


ODD = ("\x00", "\u0662\u0663", "9" * 400, "-1", "é" * 3000, "a\r\nX: y")
DEEDS = ("", "save", "submit", "decide", "vote", "suspend", "close", "renew", "lift", "add", "report", "freeze")


@pytest.mark.row("T082", "T083")
async def test_no_value_in_a_form_is_an_error_of_ours(world: World) -> None:
    s, names = world
    for number, name in enumerate(("ada", "mei", "root", "lex", "pia", "eli", "viv")):
        who = Browser(s, name)
        mine = await token_of(who)
        for route in pages("POST"):
            for turn, do in enumerate(DEEDS):
                odd = ODD[(number + turn) % len(ODD)]
                sent = dict.fromkeys((*FIELDS, *PAPERS), odd) | {"form": mine, "do": do}
                answer = await posted(s, who, filled(route, names), sent)
                assert answer.status < 500, (name, route.path, do, odd[:9])
                assert "X" not in answer.headers


@pytest.mark.row("T081")
async def test_a_hundred_thousand_fields_are_refused_before_they_are_read(world: World) -> None:
    s, names = world
    ada = Browser(s, "ada")
    mine, before = await token_of(ada), entries(s)
    body = f"form={mine}&do=submit&" + "kinds=hmb&" * 100_000
    for route in pages("POST"):
        answer = await posted(s, ada, filled(route, names), body.encode())
        assert answer.status in (400, 401, 403, 404, 413, 415), (route.path, answer.status)
    assert entries(s) == before


LOOK_ALIKES = (
    ("committee_chair", f"committee:{b.DAC}/"), ("committee_chair", f"committee:{b.DAC.upper()}"),
    ("committee_chair", "committee:"), ("committee_chair", f"Committee:{b.DAC}"),
    ("Committee_Chair", f"committee:{b.DAC}"), ("committee_chair ", f"committee:{b.DAC}"),
    ("chair", f"committee:{b.DAC}"), ("admin", f"committee:{b.DAC}"), ("admin", "service "), ("ADMIN", "service"),
    ("ferrum:administrator", "service"), ("admin", "*"), ("auditor", "*"),
)  # fmt: skip


@pytest.mark.row("T134")
async def test_a_role_that_only_looks_like_one_opens_nothing(world: World) -> None:
    """Somebody holds all of them at once."""
    s, names = world
    fakes: list[Row] = [
        Role(id=f"r-{n}", role=role, scope=scope, iss=b.HOME, sub="sam") for n, (role, scope) in enumerate(LOOK_ALIKES)
    ]
    s.stage.ledger.rows.update({(one.KIND, one.id): one for one in fakes})
    s.stage.live.committed(fakes, len(s.stage.ledger.entries))
    sam = Browser(s, "sam")
    for path in (f"/reviews/{names['waiting_review']}", "/admin/running", "/admin/log", "/admin/issuers"):
        await sam.open(path)
        assert sam.status in (403, 404), path
    assert names["waiting_review"] not in await sam.open("/reviews")
    for path in ("/audit/entries?kind=grant.issued", f"/reviews/{names['waiting_review']}", "/sanctions"):
        answer = await s.http.get(f"/api/v1{path}", headers=s.headers("usr_sam"))
        assert answer.status in (401, 403, 404), path


@pytest.mark.row("T134")
async def test_who_administers_or_audits_has_no_hand_on_any_answer(world: World) -> None:
    s, _ = world
    states = {row.id: row.state for row in s.stage.live.current().requests_for(b.HEART)}
    for name in ("root", "eve", "lex", "viv", "eli"):
        for id in states:
            for path, body in (
                (f"/api/v1/requests/{id}/decision", {"decision": "approve", "ground": "x"}),
                (f"/api/v1/requests/{id}/withdrawal", {}),
            ):
                answer = await s.http.post(path, headers=s.headers(f"usr_{name}"), json=body)
                assert answer.status in (400, 401, 403, 404, 409), (name, path)
    now: dict[Any, Any] = {row.id: row.state for row in s.stage.live.current().requests_for(b.HEART)}
    assert now == states


@pytest.mark.row("PAG-MINE")
async def test_a_participant_applies_for_nothing_and_sits_nowhere(world: World) -> None:
    s, names = world
    pia = Browser(s, "pia")
    mine = re.findall(r'name="form" value="([^"]+)"', await pia.open("/my-data"))[0]
    for path in (
        "/applications/new",
        f"/applications/{names['returned']}/edit",
        "/join",
        f"/reviews/{names['waiting_review']}",
    ):
        await posted(s, pia, path, {**PAPERS, "form": mine, "do": "submit", "code": "x"})
    assert s.stage.live.current().applications_of(PersonId("usr_pia")) == ()
    assert not [row for row in s.stage.ledger.rows.values() if isinstance(row, Request) and row.person == "usr_pia"]


@pytest.mark.row("WF-TOGETHER")
async def test_somebody_is_never_put_out_of_an_application_by_anybody_but_the_applicant(world: World) -> None:
    s, names = world
    path = f"/applications/{names['answered']}/people"
    row = next(
        one for one in s.stage.ledger.rows.values() if isinstance(one, Application) and one.id == names["answered"]
    )
    for name in ("mei", "lee", "root", "eve", "viv", "max", "pia"):
        who = Browser(s, name)
        mine = await token_of(who)
        for sent in ({"person": "usr_sam"}, {"person": "usr_ada"}, {"do": "bring"}):
            answer = await posted(s, who, path, {**sent, "form": mine})
            assert answer.status in (303, 400, 403, 404), (name, answer.status)
    sam = Browser(s, "sam")
    mine = await token_of(sam)
    assert (await posted(s, sam, path, {"person": "usr_ada", "form": mine})).status in (400, 403, 404, 409)
    assert s.stage.live.current().get(Application, row.id) == s.stage.ledger.rows[Application.KIND, row.id]
    assert s.stage.live.current().get(Application, row.id).people == row.people  # type: ignore[union-attr]


@pytest.mark.row("T057", "T121")
async def test_a_cookie_of_a_session_that_ended_opens_no_page_and_sends_no_form(world: World) -> None:
    s, names = world
    tokens = {name: await token_of(Browser(s, name)) for name in ("mei", "root")}
    for name in tokens:
        answer = await s.http.delete("/api/v1/me/session", headers=s.headers("usr_mei")) if name == "mei" else None
        assert answer is None or answer.status in (200, 204)
    row = next(one for key, one in s.stage.ledger.rows.items() if key[0] == "session" and "usr_root" in str(one))
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    root, before = Browser(s, "root"), entries(s)
    for route in pages("GET"):
        if route.path.startswith(("/sign-in", "/device", "/cases", "/complain")):
            continue
        answer = await s.http.get(filled(route, names), headers=root.headers, allow_redirects=False)
        assert answer.status in (303, 400, 401, 404), (route.path, answer.status)
    for route in pages("POST"):
        await posted(s, root, filled(route, names), EVERYTHING | {"form": tokens["root"]})
    assert entries(s) == before
