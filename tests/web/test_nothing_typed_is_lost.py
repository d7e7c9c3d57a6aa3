"""Whoever wrote until the sign-in was over, or too old, gets back every word of every form; a form added later too."""

import html
import inspect
import io
import re
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from broker.core.rows import Session, changed
from broker.web.pages import render
from broker.web.recent import RECENT
from broker.web.routes import ROUTES, Route, Who
from tests.browser.world import lived_in
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site
from tests.web.test_attacks_of_the_signed_in import EVERYTHING, entries, filled, posted, token_of

World = tuple[Site, dict[str, str]]
WRITTEN = "What I wrote & thought\nfor an hour <b>and a day</b>."
TYPED = ("text", "ground", "statement", "summary", "answer", "title", "benefit_terms")
KEPT = "chosen-and-not-typed"
NOTHING_TYPED = {
    "/oauth2/authorize": "a client's request",
    "/oauth2/authorize/continue": "ticks, and the question is asked again",
    "/oauth2/end_session": "a client's request",
    "/oauth2/end_session/continue": "one button",
    "/device": "the code goes along to the sign-in and back",
    "/identities/link": "one button for each home organisation",
    "/identities/confirm": "yes or no",
    "/identities/unlink": "one button",
    "/complain": "nobody need be signed in",
    "/applications/drafts": "the script keeps what stands on the page, and says that it could not",
    "/applications/{application}/begun": "the same script",
    "/applications/{application}/files": "a file, which a browser does not let us give back",
}
"""Forms that are not given back, and why nothing is lost."""
OWN_FORM = {"/applications/new", "/applications/{application}/edit", "/applications/{application}/amend"}
"""Shown again as the very form it was, to be written on."""
DOS = {
    do for path in (Path(render.__file__).parent / "templates").glob("*.html")
    for do in re.findall(r'(?:name="(?:do|word)" value=|begin\()"(\w+)"', path.read_text("utf-8"))
} | {"approved", "lift", "resume", "remove", "expel", "agree"}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with lived_in(tmp_path) as made:
        yield made


def forms() -> list[Route]:
    """Every page to which a form is sent."""
    return [one for one in ROUTES if one.method == "POST" and one.form is not None and one.form.__name__ == "page"]


def typed(**more: str) -> dict[str, str]:
    return EVERYTHING | dict.fromkeys(TYPED, WRITTEN) | {"once": KEPT} | more


def lost(text: str) -> list[str]:
    """What was sent and stands nowhere."""
    told = html.unescape(text).replace("\r\n", "\n")
    return [word for word in (WRITTEN, KEPT) if word not in told]


def given_back(route: Route, text: str) -> bool:
    if route.path in OWN_FORM:
        return WRITTEN in html.unescape(text) and 'role="alert"' in text
    return lost(text) == [] and f'action="{route.path.partition("{")[0]}' in text


def test_every_exception_is_a_form() -> None:
    assert NOTHING_TYPED.keys() | OWN_FORM <= {one.path for one in forms()}
    assert {one.path for one in ROUTES if one.method == "POST" and one.who is Who.BROWSER} <= {o.path for o in forms()}


@pytest.mark.row("PAG-AGAIN")
@pytest.mark.parametrize("how", ["ended", "nobody", "unknown", "before"])
async def test_every_form_comes_back_when_the_sign_in_is_over(world: World, how: str) -> None:
    s, names = world
    who = Browser(s, "root")
    mine = await token_of(who)
    row = s.stage.ledger.rows[Session.KIND, browser_session("root").id]
    assert isinstance(row, Session)
    if how == "ended":
        s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    if how in ("nobody", "unknown"):
        who = Browser(s, "" if how == "nobody" else "stranger")
    before, seen = entries(s), 0
    for route in forms():
        if route.path in NOTHING_TYPED:
            continue
        sent = typed(form="f" * 64 if how == "before" else mine)
        answer = await posted(s, who, filled(route, names), sent)
        text = await answer.text()
        if how == "before" and answer.status in (403, 404):
            continue  # nothing of theirs to lose
        seen += 1
        assert (answer.status, given_back(route, text)) == (400, True), (route.path, answer.status)
        link = re.findall(r'href="(/sign-in\?return_to=[^"]+)" target', text)
        if route.path not in OWN_FORM:
            assert bool(link) is (how != "before"), route.path
            for one in link:
                assert (await s.http.get(one.replace("&amp;", "&"), allow_redirects=False)).status == 200
    assert entries(s) == before
    assert seen > 15


@pytest.mark.row("PAG-AGAIN")
async def test_every_form_comes_back_when_the_sign_in_is_too_old(world: World) -> None:
    """Whatever somebody of any role does anywhere: who is asked to sign in again finds every word in the answer."""
    s, names = world
    people = {name: Browser(s, name) for name in ("root", "lex", "eli", "mei")}
    tokens = {name: await token_of(who) for name, who in people.items()}
    names |= {"noun": "issuers", "name": names["issuer"], "proposal": names["proposed_pack"]}
    s.stage.clock.advance(RECENT + 1)
    wanting = {one.handler.__module__ for one in forms() if "await recently(" in source_of(one)}
    assert len(wanting) > 4
    asked = set()
    for route, (name, who), do in product(forms(), people.items(), sorted(DOS)):
        if route.handler.__module__ not in wanting:
            continue
        sent = typed(form=tokens[name], do=do, row=WRITTEN)
        answer = await posted(s, who, filled(route, names), sent)
        assert not answer.headers.get("Location", "").startswith(("/sign-in", "https://")), (route.path, name, do)
        if answer.status == 401:
            asked.add(route.handler.__module__)
            text = await answer.text()
            assert (given_back(route, text), "fresh=yes" in text) == (True, True), (route.path, name, do)
    assert asked == wanting


@pytest.mark.row("PAG-AGAIN")
async def test_every_page_that_says_no_still_has_what_was_typed(world: World) -> None:
    """Also where its form is not there any more: somebody else took the step, or the time is over."""
    s, names = world
    people = {name: Browser(s, name) for name in ("root", "mei", "ada", "kim", "viv")}
    tokens = {name: await token_of(who) for name, who in people.items()}
    names |= {"noun": "issuers", "name": names["issuer"], "proposal": names["proposed_pack"]}
    told = set()
    for route, (name, who), do in product(forms(), people.items(), sorted(DOS)):
        if route.path in NOTHING_TYPED or "{file}" in route.path or f'"{do}"' not in source_of(route):
            continue
        answer = await posted(s, who, filled(route, names), typed(form=tokens[name], do=do, row=WRITTEN))
        if answer.status >= 400 and answer.status not in (403, 404):  # whoever may not open it had no form there
            text = html.unescape(await answer.text()).replace("\r\n", "\n")
            assert WRITTEN in text, (route.path, name, do, answer.status)
            told.add((route.path, do))
    assert len(told) > 30


@pytest.mark.row("PAG-AGAIN")
async def test_what_a_page_shows_anyway_is_not_told_twice(world: World) -> None:
    s, names = world
    root = Browser(s, "root")
    await root.open(f"/admin/packs/{names['draft_pack']}")
    shown = await root.send(root.path, do="save", seen="9", text=WRITTEN)
    assert (root.status, html.unescape(shown).count("for an hour <b>")) == (409, 1)


def source_of(route: Route) -> str:
    module = inspect.getmodule(route.handler)
    assert module is not None
    return inspect.getsource(module)


@pytest.mark.row("PAG-AGAIN")
async def test_what_came_back_is_sent_again_and_counts_once(world: World) -> None:
    """From the page alone: sign in in another window, send, look, send."""
    s, names = world
    who, path = Browser(s, "mei"), f"/grants/{names['grant']}"
    mine = await token_of(who)
    row = s.stage.ledger.rows[Session.KIND, browser_session("mei").id]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    ground = " A first line, indented,\r\n\r\nand “quoted” &amp; <i>more</i>."
    await who.send(path, token=mine, do="suspend", ground=ground)
    assert (who.status, "You are no longer signed in" in who.text) == (400, True)
    s.stage.ledger.rows[Session.KIND, row.id] = row
    for status in (400, 200):
        action, sent = found_form(who.text)
        token = sent.pop("form")
        assert sent == {"do": "suspend", "ground": ground.replace("\r\n", "\n")}
        await who.send(action, token=token, **sent)
        assert who.status == status, who.text
    assert s.stage.kinds().count("grant.suspended") == 1


@pytest.mark.row("PAG-AGAIN")
async def test_another_site_gets_no_form_made_of_what_it_sent(world: World) -> None:
    """Else it would only have to wait until somebody signs in and sends what it wrote."""
    s, names = world
    for name in ("", "mei"):
        for origin in ("https://evil.example", "null"):
            path = f"/grants/{names['grant']}"
            answer = await posted(s, Browser(s, name), path, typed(form="f" * 64), Origin=origin)
            assert (answer.status, lost(await answer.text())) == (400, [WRITTEN, KEPT])


@pytest.mark.row("PAG-AGAIN")
@pytest.mark.parametrize("name", ["password", "client_secret", "access_token", "secret"])
async def test_no_secret_comes_back(world: World, name: str) -> None:
    s, _ = world
    answer = await posted(s, Browser(s, ""), "/admin/idps", {name: "what opens it", "text": WRITTEN})
    text = await answer.text()
    assert (answer.status, "what opens it" in text, WRITTEN in html.unescape(text)) == (400, False, True)


@pytest.mark.row("PAG-AGAIN")
async def test_a_form_that_is_too_long_or_none_is_refused_as_it_was(world: World) -> None:
    s, _ = world
    nobody = Browser(s, "")
    answer = await posted(s, nobody, "/community", io.BytesIO(b"text=" + b"x" * (1024 * 1024)))
    assert (answer.status, len(await answer.text()) < 10_000) == (400, True)
    answer = await s.http.post("/community", data=b"{}", headers={"Content-Type": "application/json"})
    assert answer.status == 400


def found_form(text: str) -> tuple[str, dict[str, str]]:
    """The form of the page, as a browser would send it."""
    body = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', text, re.DOTALL)[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body[1]))
    texts = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', body[1], re.DOTALL)
    assert all("readonly" in one for one in re.findall("<textarea[^>]*>", body[1]))
    return body[0], {
        name: html.unescape(value).replace("\r\n", "\n") for name, value in {**fields, **dict(texts)}.items()
    }
