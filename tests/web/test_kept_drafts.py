"""A draft is kept while somebody writes: by the page's own address, and by the script that uses it."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import broker.web.pages
from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session, changed
from tests import builders as b
from tests.interop.serving import needed
from tests.web.site import Site, site
from tests.web.test_forms_that_come_twice import SHOWN, WRITTEN, hidden
from tests.web.test_workflow_pages import FORM, HEARTS, Browser, committee, rows, secret

SCRIPT = Path(broker.web.pages.__file__).parent / "static" / "drafts.mjs"
KEEP = "/applications/drafts"


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as made:
        yield made


async def keep(s: Site, who: Browser, text: str, more: dict[str, str], **headers: str) -> tuple[int, Any]:
    sent = {**HEARTS, "lay": WRITTEN, "form": hidden(text, "form"), **more}
    answer = await s.http.post(KEEP, data=sent, headers={**who.headers, **FORM, **headers}, allow_redirects=False)
    return answer.status, await answer.json()


@pytest.mark.row("WF-FORM-KEPT")
async def test_what_is_typed_is_kept_and_found_again(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/applications/new")
    status, told = await keep(s, ada, text, {"draft": "", "seen": ""})
    assert status == 200
    again = {"draft": told["draft"], "seen": told["seen"]}
    status, more = await keep(s, ada, text, again | {"title": "Hearts, again"})
    assert (status, more["draft"]) == (200, told["draft"])
    assert more["seen"] != told["seen"]
    shown = await ada.open(f"/applications/new?draft={told['draft']}")
    assert SHOWN in shown
    assert "Hearts, again" in shown
    assert hidden(shown, "seen") == more["seen"], "whoever opens it goes on from this text"
    assert s.stage.live.current().applications_of(b.ADA) == ()


@pytest.mark.row("WF-FORM-KEPT")
async def test_what_another_window_wrote_or_ended_is_never_written_over(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/applications/new")
    _, told = await keep(s, ada, text, {"draft": "", "seen": "", "title": "Begun"})
    mine = {"draft": told["draft"], "seen": told["seen"]}
    await keep(s, ada, text, mine | {"title": "In one window"})
    status, no = await keep(s, ada, text, mine | {"title": "In the other"})
    assert (status, no["code"]) == (409, "REQ-STALE")
    assert (await keep(s, ada, text, mine | {"seen": ""}))[0] == 409, "who has seen nothing writes over nothing"
    shown = await ada.open("/applications")
    assert "In one window" in shown
    assert "In the other" not in shown, "nothing is kept beside it unasked"
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="delete", draft=told["draft"])
    status, no = await keep(s, ada, text, mine)
    assert (status, no["code"]) == (409, "REQ-STALE")


@pytest.mark.row("WF-FORM-KEPT")
async def test_the_address_of_a_form_that_was_saved_leads_to_its_draft_and_for_others_nowhere(s: Site) -> None:
    ada, sam = Browser(s, "ada"), Browser(s, "sam")
    text = await ada.open("/applications/new")
    pressed = f"/applications/new?page={hidden(text, 'once')}"
    text = await ada.send(pressed, form=hidden(text, "form"), do="save", once=hidden(text, "once"), title="Begun")
    draft = hidden(text, "draft")
    # Kept by the script from the page that answered, whose address is still that of the first form.
    by_itself = {"draft": draft, "seen": hidden(text, "seen"), "once": hidden(text, "once"), "title": "Gone on"}
    assert (await keep(s, ada, text, by_itself))[0] == 200
    for page in (pressed, f"/applications/new?page={hidden(text, 'once')}"):
        answer = await s.http.get(page, headers=ada.headers)
        assert answer.url.path_qs == f"/applications/new?draft={draft}"
        assert "Gone on" in await answer.text()
    shown = await sam.open(pressed)
    assert (sam.status, hidden(shown, "draft")) == (200, "")
    assert "Gone on" not in shown
    for page in ("", "app_unknown", "x" * 2000):
        assert hidden(await ada.open(f"/applications/new?page={page}"), "draft") == ""
    await ada.send("/applications/new", do="delete", draft=draft)
    assert hidden(await ada.open(pressed), "draft") == ""


@pytest.mark.row("WF-FORM-KEPT")
async def test_of_two_windows_each_address_leads_to_the_text_of_its_own(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/applications/new")
    _, told = await keep(s, ada, text, {"draft": "", "seen": "", "title": "Begun", "once": hidden(text, "once")})
    at = f"/applications/new?draft={told['draft']}"
    other = await ada.open(at)
    by_itself = {"draft": told["draft"], "seen": hidden(other, "seen"), "once": hidden(other, "once")}
    _, told = await keep(s, ada, other, by_itself | {"title": "Gone on"})
    one = await ada.open(at)
    for window, title, seen in ((one, "In one window", hidden(one, "seen")), (other, "In the other", told["seen"])):
        sent = {name: hidden(window, name) for name in ("form", "draft", "once")}
        await ada.send(f"/applications/new?page={sent['once']}", do="save", title=title, seen=seen, **sent)
    for window, title in ((one, "In one window"), (other, "In the other")):
        answer = await s.http.get(f"/applications/new?page={hidden(window, 'once')}", headers=ada.headers)
        assert title in await answer.text()


@pytest.mark.row("WF-FORM-KEPT")
async def test_whose_sign_in_ended_is_told_and_others_reach_nothing(s: Site) -> None:
    ada, sam = Browser(s, "ada"), Browser(s, "sam")
    text, theirs = await ada.open("/applications/new"), await sam.open("/applications/new")
    _, told = await keep(s, ada, text, {"draft": "", "seen": ""})
    mine = {"draft": told["draft"], "seen": told["seen"]}
    assert (await keep(s, sam, theirs, mine))[0] == 409
    assert (await keep(s, sam, text, mine))[0] == 401, "with the form of another"
    answer = await s.http.post(
        KEEP,
        data={"form": hidden(text, "form"), "title": "x"},
        headers={**ada.headers, **FORM, "Origin": "https://evil.example"},
    )
    assert answer.status == 400
    row = s.stage.ledger.rows[Session.KIND, stored_id(secret("ada"))]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    status, no = await keep(s, ada, text, mine)
    assert (status, no["code"]) == (401, "REQ-FORM-EXPIRED")


@pytest.mark.row("WF-FORM-KEPT")
async def test_what_is_too_much_is_told(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/applications/new")
    status, no = await keep(s, ada, text, {"draft": "", "seen": "", "statement": "x" * 70_000})
    assert (status, no["code"]) == (409, "REQ-TOO-LARGE")
    for _ in range(20):
        assert (await keep(s, ada, text, {"draft": "", "seen": ""}))[0] == 200
    assert (await keep(s, ada, text, {"draft": "", "seen": ""}))[1]["code"] == "REQ-DRAFTS"


@pytest.mark.row("WF-FORM-KEPT")
async def test_only_the_form_of_somebody_who_is_signed_in_has_the_script(s: Site) -> None:
    ada = Browser(s, "ada")
    text = await ada.open("/applications/new")
    assert '<script type="module" src="/static/drafts.mjs"></script>' in text
    policies = {}
    for path in ("/applications/new", "/applications", "/policies"):
        answer = await s.http.get(path, headers=ada.headers)
        policies[path] = answer.headers["Content-Security-Policy"]
        assert ("<script" in await answer.text()) is (path == "/applications/new")
    assert policies["/applications/new"].endswith("script-src 'self'; connect-src 'self'")
    assert "script-src" not in policies["/applications"] + policies["/policies"]
    answer = await s.http.get("/static/drafts.mjs")
    assert answer.headers["Content-Type"].startswith("text/javascript")


RUN = """
const { Keeper, QUIET, AGAIN } = await import(process.argv[1]);
const told = [];
for (const story of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  let timers = [], sent = 0, shown = [], noted = 0, letGo = null;
  const keeper = new Keeper({
    send: async () => {
      const step = story.answers[Math.min(sent, story.answers.length - 1)];
      sent += 1;
      if (story.slow) await new Promise((go) => (letGo = go));
      if (step === "lost") throw new Error("no network");
      return { status: step[0], told: step[1] };
    },
    note: () => { noted += 1; },
    say: (what, text) => shown.push(text || what),
    later: (go, wait) => { timers.push([go, wait]); return timers.length; },
    never: (id) => { if (id) timers[id - 1] = null; },
  });
  for (const act of story.acts) {
    if (act === "type") keeper.typed();
    if (act === "wait") { const due = timers; timers = []; for (const one of due) if (one) { shown.push(one[1] === AGAIN ? "later" : "soon"); one[0](); } }
    if (act === "arrives" && letGo) letGo();
    if (act === "submit") keeper.end();
    await new Promise((go) => setImmediate(go));
  }
  told.push({ sent, shown, noted });
}
console.log(JSON.stringify(told));
"""
GOOD = [200, {"draft": "d", "seen": "m"}]
STORIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "kept once": (
        {"answers": [GOOD], "acts": ["type", "type", "wait"]},
        {"sent": 1, "shown": ["soon", "kept"], "noted": 1},
    ),
    "kept again": (
        {"answers": [GOOD], "acts": ["type", "wait", "wait", "type", "wait"]},
        {"sent": 2, "shown": ["soon", "kept", "soon", "kept"], "noted": 2},
    ),
    "one at a time, and what was typed meanwhile next": (
        {"answers": [GOOD], "slow": True, "acts": ["type", "wait", "type", "wait", "arrives", "wait", "arrives"]},
        {"sent": 2, "shown": ["soon", "kept", "soon", "kept"], "noted": 2},
    ),
    "another window was faster": (
        {"answers": [[409, {"code": "REQ-STALE", "sentence": "x"}]], "acts": ["type", "wait", "type", "wait"]},
        {"sent": 1, "shown": ["soon", "stale"], "noted": 0},
    ),
    "signed out, and in again": (
        {"answers": [[401, {"code": "REQ-FORM-EXPIRED"}], GOOD], "acts": ["type", "wait", "wait", "type", "wait"]},
        {"sent": 2, "shown": ["soon", "expired", "soon", "kept"], "noted": 1},
    ),
    "no connection for a while": (
        {"answers": ["lost", GOOD], "acts": ["type", "wait", "wait"]},
        {"sent": 2, "shown": ["soon", "lost", "later", "kept"], "noted": 1},
    ),
    "too much": (
        {"answers": [[409, {"code": "REQ-TOO-LARGE", "sentence": "Too much."}]], "acts": ["type", "wait", "wait"]},
        {"sent": 1, "shown": ["soon", "Too much."], "noted": 0},
    ),
    "handed in": ({"answers": [GOOD], "acts": ["type", "submit", "wait"]}, {"sent": 0, "shown": [], "noted": 0}),
}


@pytest.mark.row("WF-FORM-KEPT")
def test_the_script_keeps_what_is_typed_and_says_what_became_of_it() -> None:
    needed("node", there=shutil.which("node") is not None, how="apt-get install nodejs")
    done = subprocess.run(
        ["node", "-e", f"(async () => {{{RUN}}})()", str(SCRIPT)], input=json.dumps([story for story, _ in STORIES.values()]),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert dict(zip(STORIES, json.loads(done.stdout), strict=True)) == {
        name: told for name, (_, told) in STORIES.items()
    }
