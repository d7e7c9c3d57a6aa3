"""The pages of policy packs: written, checked, tried and put in force by people at browsers, and attacked by others."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest

from broker.core.decision import evaluate
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.rows import InForce, PackProposal, Row
from broker.core.snapshot import under
from broker.core.time import Seconds
from broker.flows.simulate_packs import Simulation
from broker.web.recent import RECENT
from broker.web.state import BROKER
from broker.web.streams import Stream
from broker.web.trials import Trials
from tests import builders as b
from tests.core.reasons.test_translations import LANGUAGES
from tests.desk import PACK, ROLES, Desk, desk_at, french_only, people, same_law
from tests.fakes import START, FakeClock
from tests.web.browsing import FORM, Browser, browser_session
from tests.web.site import Site, site
from tests.web.test_loop_is_not_held import MOST, watched
from tests.web.test_running_pages import Wire, access_of

GERMANY = {"en": "Germany", "es": "Alemania"}
OURS = ("faculty@rhine.example",)
TYPED = "What I wrote for an hour <about rules>."
SHOWN = "What I wrote for an hour &lt;about rules&gt;."


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    more: list[Row] = [*people(), *(browser_session(name) for name in (*ROLES, "pia"))]
    async with site(tmp_path, *more, grant=b.grant(affiliations=OURS)) as made:
        yield made


@pytest.fixture
async def d(s: Site, tmp_path: Path) -> Desk:
    return await desk_at(s, tmp_path / "packs")


async def begun(s: Site, name: str = "root", language: str = "en") -> Browser:
    """Somebody has begun a change of the pack, and sees it."""
    browser = Browser(s, name, language)
    await browser.open("/admin")
    await browser.open(browser.links("/admin/packs")[0])
    await browser.send("/admin/packs", pack=PACK)
    assert browser.status == 200, browser.text
    return browser


def seen(browser: Browser) -> str:
    return str(re.findall(r'name="seen" value="(\d+)"', browser.text)[0])


async def proposed(s: Site, language: str = "en", **typed: str) -> str:
    """Its address, where root has proposed it."""
    root = await begun(s, language=language)
    path = root.path
    await root.send(path, do="propose", seen=seen(root), **(typed or french_only("2")))
    assert root.status == 200, root.text
    return path


def row(s: Site, path: str) -> PackProposal:
    found = s.stage.ledger.rows["pack_proposal", path.rsplit("/", 1)[1]]
    assert isinstance(found, PackProposal)
    return found


@pytest.mark.row("PACK-SECOND")
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.usefixtures("d")
async def test_a_change_of_the_rules_says_who_wrote_it_and_what_it_does_in_words(s: Site, language: str) -> None:
    path = await proposed(s, language)
    lex = Browser(s, "lex", language)
    shown = re.sub("<small>.*?</small>", "", await lex.open(path))
    assert "usr_" not in shown
    assert Tongue({"en": ENGLISH, **LANGUAGES}[language]).word("packs.another") in shown
    told = re.sub("<code>.*?</code>", "", await lex.send(path, do="simulate"))
    assert " -&gt; " not in told
    assert "PERMIT" not in told
    assert not re.search(r"\b(?:recipient|request|data)\.[a-z_]+", told)
    assert {"en": "The answer was “", "es": "La respuesta era «"}[language] in told


@pytest.mark.row("PAG-UNNAMED")
@pytest.mark.usefixtures("d")
async def test_what_is_wrong_with_a_draft_is_told_once_something_was_written_or_asked_for(s: Site) -> None:
    root = await begun(s)
    path = root.path
    told, waits = "Each line says the file", "Nothing was written yet."
    assert (told in root.text, waits in root.text) == (False, True)
    fields = dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', root.text, re.DOTALL))
    typed = {name: html.unescape(fields[name]) for name in ("text", "cases", "ground")}
    shown = await root.send(path, do="save", seen="1", **typed)
    assert (told in shown, waits in shown) == (True, False), "it was asked for"
    assert waits in await root.open(path)
    await root.send(path, do="save", seen="1", **typed | {"ground": "Why."})
    assert told in await root.open(path)


@pytest.mark.row("PACK-SECOND")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_change_is_written_tried_and_put_in_force_by_a_second_person(s: Site, d: Desk, language: str) -> None:
    path = await proposed(s, language)
    root, lex = Browser(s, "root", language), Browser(s, "lex", language)
    assert 'value="activate"' not in await root.open(path)
    assert ("1 waiting for a second person" in await lex.open("/admin")) is (language == "en")
    await lex.open("/admin/packs")
    shown = await lex.open(lex.links(path)[0])
    assert "+" in shown
    assert "&#34;value&#34;: &#34;FR&#34;" in shown, "what changes"
    told = await lex.send(path, do="simulate")
    assert told == await lex.open(f"{path}/effects")
    for word in ("usr_ada", "Rhine University", GERMANY[language], b.HEART, "test-pack paper", "paper.signed"):
        assert word in told, word
    await lex.open(path)
    assert "2031-03-26T00:00:00Z" in await lex.send(path, do="simulate", at="2031-03-26")
    await lex.open(path)
    assert "2031-03-26" in await lex.send(path, do="simulate", at="soon <b>")
    assert (lex.status, "<b>" in lex.text) == (409, False)
    await lex.open(path)
    files = re.findall(r'name="files" value="([^"]+)"', lex.text)[0]
    await lex.send(path, do="activate", files=files)
    assert (lex.status, d.version(), row(s, path).state) == (200, "2", "activated")
    assert {"en": "Put in force by", "es": "Puesto en vigor por"}[language] in await lex.open(path)
    listed = await lex.open("/admin/packs")
    assert "usr_lex" in listed
    assert d.after_a_restart() == {PACK: "2"}


@pytest.mark.row("PACK-SECOND")
async def test_a_download_that_the_new_rules_forbid_is_cut_before_the_answer(s: Site, d: Desk) -> None:
    path = await proposed(s)
    lex, wire, broker = Browser(s, "lex"), Wire(), s.http.app[BROKER]
    asked = b.question()
    stream = Stream(wire, lambda picture: evaluate(asked, picture).outcome.permits, await access_of(s))
    with broker.streams.running(stream, broker.snapshots.current, Seconds(START + 10**6)):
        await lex.open(path)
        assert not wire.gone
        await lex.send(path, do="activate", files=re.findall(r'name="files" value="([^"]+)"', lex.text)[0])
        assert (wire.gone, d.version()) == (True, "2")


@pytest.mark.row("PACK-SECOND")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_whoever_may_be_the_second_person_finds_it_in_the_inbox_and_the_writer_does_not(
    s: Site, d: Desk, language: str
) -> None:
    del d
    path = await proposed(s)
    for name in ROLES:
        browser = Browser(s, name, language)
        await browser.open("/inbox")
        assert (path in browser.links(path)) is (name in {"ann", "lex", "kim"}), name


@pytest.mark.row("PACK-SECOND")
async def test_the_writer_who_makes_up_the_form_is_refused_too(s: Site, d: Desk) -> None:
    path = await proposed(s)
    root = Browser(s, "root")
    await root.open(path)
    shown = await root.send(path, do="activate", files=row(s, path).files)
    assert root.status == 409
    assert "Another person must" in shown
    assert d.version() == "1"


@pytest.mark.row("PACK-SEEN")
async def test_what_changed_since_it_was_looked_at_is_not_put_in_force(s: Site, d: Desk) -> None:
    path = await proposed(s)
    lex, root = Browser(s, "lex"), Browser(s, "root")
    await lex.open(path)
    looked = re.findall(r'name="files" value="([^"]+)"', lex.text)[0]
    await root.open(path)
    await root.send(path, do="propose", seen=seen(root), **same_law("2"))
    assert row(s, path).state == "proposed"
    for files in (looked, "", "0" * 64):
        await lex.send(path, do="activate", files=files)
        assert lex.status == 409
    assert d.version() == "1"


@pytest.mark.row("PACK-SECOND")
async def test_it_takes_a_sign_in_of_the_last_minutes(s: Site, d: Desk) -> None:
    path = await proposed(s)
    lex = Browser(s, "lex")
    await lex.open(path)
    files = re.findall(r'name="files" value="([^"]+)"', lex.text)[0]
    s.stage.clock.advance(RECENT + 1)
    await lex.send(path, do="activate", files=files)
    assert (lex.status, d.version()) == (401, "1")


@pytest.mark.row("PACK-LINT")
async def test_what_is_wrong_is_told_with_file_and_line_and_cannot_be_tried(s: Site, d: Desk) -> None:
    root = await begun(s)
    typed = french_only("2")
    bad = typed["text"].replace('"confidence": "high"', '"confidence": "<b>quite</b>"')
    assert bad != typed["text"]
    line = bad[: bad.index('"confidence"')].count("\n") + 1
    shown = await root.send(root.path, do="save", seen=seen(root), **(typed | {"text": bad}))
    assert f"test-pack.yaml:{line}: confidence: one of high, low, medium is wanted here" in shown
    assert "<b>quite" not in shown
    assert 'value="simulate"' not in shown
    path = root.path
    for do in ("simulate", "propose"):
        await root.open(path)
        await root.send(path, do=do, seen=seen(root), **(typed | {"text": bad}))
        assert root.status == 409, do
        await root.open(path)
    assert "was not tried" in await root.open(f"{path}/effects")
    assert "<button" not in root.text
    shown = await root.open(path)
    shown = await root.send(path, do="save", seen=seen(root), **(typed | {"cases": "cases: []"}))
    assert "cases/test-pack.yaml:1:" in shown
    permits = typed["text"].replace('"effect": "await"', '"effect": "deny"')
    shown = await root.send(path, do="save", seen=seen(root), **(typed | {"text": permits}))
    assert "proportionality is missing, deny needs it" in shown, "who refuses must say what for"
    nobody = typed["text"].replace('"default_effect": "permit"', '"default_effect": "deny"')
    everybody = re.sub(r'"default_reason": "[^"]*",\n', "", typed["text"])
    for text, said in ((nobody, "write a last rule with when: true"), (everybody, "a permit needs its default_reason")):
        assert text != typed["text"]
        assert said in await root.send(path, do="save", seen=seen(root), **(typed | {"text": text}))
    assert d.version() == "1"


@pytest.mark.row("PACK-WRITTEN")
async def test_two_windows_and_an_ended_session_lose_nothing(s: Site, d: Desk) -> None:
    del d
    root = await begun(s)
    path, first = root.path, seen(root)
    token = re.findall(r'name="form" value="([^"]+)"', root.text)[0]
    await root.send(path, do="save", seen=first, text="a: theirs", cases="", ground="")
    shown = await root.send(path, do="save", seen=first, text=TYPED, cases="c", ground="g")
    assert root.status == 409
    assert SHOWN in shown
    assert "a: theirs" in shown
    assert row(s, path).text == "a: theirs"
    await root.send(path, do="save", seen=seen(root), text=TYPED, cases="c", ground="g")
    assert (root.status, row(s, path).text) == (200, TYPED), "knowing of the other's, they may"
    version = row(s, path).version
    sent = {"form": token, "do": "propose", "seen": str(version), "text": TYPED, "cases": "c", "ground": "g"}
    for headers in ({}, Browser(s, "ann").headers, root.headers | {"Origin": "https://evil.example"}):
        answer = await s.http.post(path, data=sent, headers=headers | FORM, allow_redirects=False)
        assert answer.status == 400
        assert (SHOWN in await answer.text()) is ("Origin" not in headers)
    for do in ("activate", "withdraw", "simulate"):
        answer = await s.http.post(path, data=sent | {"do": do}, headers=FORM, allow_redirects=False)
        assert answer.status == 400
    assert row(s, path).version == version


@pytest.mark.row("PACK-WRITTEN")
async def test_megabytes_are_refused_and_odd_numbers_do_nothing(s: Site, d: Desk) -> None:
    root = await begun(s)
    path = root.path
    long = urlencode({"form": "x", "do": "save", "text": "ä" * 300_000})
    answer = await s.http.post(path, data=BytesIO(long.encode()), headers=root.headers | FORM)
    assert answer.status == 413
    for number in ("", "-1", "9" * 30, "²", "<script>"):
        await root.open(path)
        shown = await root.send(path, do="save", seen=number, text="x", cases="", ground="")
        assert root.status == 409
        assert "<script>" not in shown
    await root.open(path)
    for do in ("fly", ""):
        await root.send(path, do=do, seen="1")
        assert root.status == 409
        await root.open(path)
    for pack in ("../x", "<b>", "a" * 65):
        await root.open("/admin/packs")
        assert "<b>" not in await root.send("/admin/packs", pack=pack)
        assert root.status == 409
    for end in ("?cause=7", "?cause=x", "?from=x"):
        await root.open(f"{path}/effects{end}")
        assert root.status in (200, 404)
    assert (row(s, path).version, d.version()) == (1, "1")


@pytest.mark.row("PACK-ROLES")
async def test_who_sees_which_page(s: Site, d: Desk) -> None:
    del d
    path = await proposed(s)
    sees = {"root", "ann", "lex", "kim", "eve"}
    for name in (*ROLES, "pia"):
        for page in ("/admin/packs", path, f"{path}/effects", "/admin/packs/none"):
            browser = Browser(s, name)
            await browser.open(page)
            wanted = (404 if page.endswith("none") else 200) if name in sees else 403
            assert browser.status == wanted, (name, page)
    eve = Browser(s, "eve")
    shown = await eve.open(path)
    assert "<button" not in shown
    token = re.findall(r'name="form" value="([^"]+)"', await eve.open("/inbox"))[0]
    before = len(s.stage.ledger.entries)
    for do in ("save", "propose", "activate", "withdraw", "simulate"):
        await eve.send(path, token=token, do=do, seen="3", files=row(s, path).files, text="x", cases="", ground="")
        assert eve.status == 409, do
    await eve.send("/admin/packs", token=token, pack=PACK)
    assert eve.status == 409
    assert len(s.stage.ledger.entries) == before
    answer = await s.http.get(path, allow_redirects=False)
    assert answer.headers["Location"].startswith("/sign-in?return_to=/admin/packs")


@pytest.mark.row("PACK-TRIED")
async def test_a_trial_of_many_goes_on_beside_the_page_and_holds_nobody_up(
    s: Site, d: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred requests, of which each loses; told by cause, a page at a time."""

    async def turn(_: FakeClock) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(FakeClock, "give_way", turn)
    many = [b.request(id=f"req_{n:04}", person=f"usr_{n:04}", affiliations=OURS) for n in range(500)]
    for one in many:
        s.stage.ledger.rows[one.KIND, one.id] = one
    s.stage.live._current = under(b.snapshot(*people(), *many, grant=None), s.stage.live.current().rulebook)
    path = await proposed(s)
    lex = Browser(s, "lex")
    await lex.open(path)
    with watched() as turns:
        await lex.send(path, do="simulate")
        while "so far" in lex.text:
            await lex.open(f"{path}/effects")
    worst = max(turns)
    assert worst[0] < MOST, worst
    assert "501" in lex.text
    assert lex.text.count("<tr>") == 1 + 20
    everyone = []
    page = lex.links(f"{path}/effects?cause=0")[0]
    while page:
        await lex.open(page.replace("&amp;", "&"))
        everyone += re.findall(r"<code>(req_\d{4})</code>", lex.text)
        page = next((one for one in lex.links(f"{path}/effects?cause=0") if "from=" in one), "")
    assert everyone == [one.id for one in many]
    assert d.version() == "1"


async def test_a_trial_that_fails_or_ends_leaves_nothing(s: Site, d: Desk) -> None:
    del s, d
    trials, gate = Trials(), asyncio.Event()

    async def waits(_: object) -> None:
        await gate.wait()

    async def fails(_: object) -> None:
        raise ValueError("no")

    rules = b.rules()
    now, later = (Simulation(at=START, then=then, before=rules, after=rules) for then in (None, Seconds(START + 9)))
    await trials.begin("a", now, waits, 0)
    await trials.begin("a", replace(now), waits, 0)
    assert trials.of("a") is now, "the one that runs goes on"
    await trials.begin("a", later, waits, 0)
    assert trials.of("a") is later, "but for another time"
    await trials.begin("b", now, fails, 1)
    assert (trials.of("a"), trials.of("b")) == (None, None)
    await trials.close()


@pytest.mark.row("PACK-WRITTEN")
async def test_what_is_given_up_is_over(s: Site, d: Desk) -> None:
    path = await proposed(s)
    ann = Browser(s, "ann")
    await ann.open(path)
    await ann.send(path, do="withdraw", seen=seen(ann))
    assert row(s, path).state == "withdrawn"
    shown = await ann.open(path)
    assert "<button" not in shown
    assert path in await ann.open("/admin/packs")
    kept = await d.stage.world.rows.get(InForce, "rules")
    assert kept is not None
    assert kept.version == 1
