"""Back button, double click, two windows, stale forms, a sign-in that ended while writing, pasted megabytes.

Each does nothing twice, and loses nothing that was typed.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session, changed
from tests import builders as b
from tests.web.site import Site, site
from tests.web.test_workflow_pages import FORM, HEARTS, Browser, committee, rows, secret

WRITTEN = "What I wrote for an hour <about hearts>."
SHOWN = "What I wrote for an hour &lt;about hearts&gt;."


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as made:
        yield made


def hidden(text: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="([^"]*)"', text)[0])


def fields(text: str, **more: str) -> dict[str, str]:
    return {
        **HEARTS,
        "lay": WRITTEN,
        "form": hidden(text, "form"),
        "once": hidden(text, "once"),
        "do": "submit",
        **more,
    }


def applications(s: Site) -> Any:
    return s.stage.live.current().applications_of(b.ADA)


async def post(s: Site, who: Browser, sent: dict[str, str], path: str = "/applications/new") -> tuple[int, str, str]:
    answer = await s.http.post(path, data=sent, headers=who.headers | FORM, allow_redirects=False)
    return answer.status, answer.headers.get("Location", ""), await answer.text()


@pytest.mark.row("WF-FORM-TWICE")
async def test_a_double_click_is_one_application_and_both_lead_to_it(s: Site) -> None:
    ada = Browser(s, "ada")
    sent = fields(await ada.open("/applications/new"))
    told = await asyncio.gather(*(post(s, ada, sent) for _ in range(3)))
    (made,) = applications(s)
    assert {one[:2] for one in told} == {(303, f"/applications/{made.id}")}
    assert (await post(s, ada, sent))[:2] == (303, f"/applications/{made.id}"), "and with the back button"
    assert s.stage.kinds().count("application.submitted") == 1
    sent = fields(await ada.open("/applications/new"))
    await post(s, ada, sent)
    assert len(applications(s)) == 2, "another form is another application"


@pytest.mark.row("WF-FORM-TWICE")
async def test_somebody_elses_form_leads_nowhere(s: Site) -> None:
    ada, sam = Browser(s, "ada"), Browser(s, "sam")
    sent = fields(await ada.open("/applications/new"))
    await post(s, ada, sent)
    theirs = fields(await sam.open("/applications/new"), once=sent["once"])
    status, _, text = await post(s, sam, theirs)
    assert (status, SHOWN in text) == (400, True)
    assert len(s.stage.live.current().applications_of(b.ADA)) == 1


@pytest.mark.row("WF-FORM-TWICE")
async def test_what_is_handed_in_again_by_a_stale_form_is_refused_and_shown(s: Site) -> None:
    """The committee answered meanwhile, or somebody clicked twice: the second is too late, and is told so."""
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await post(s, ada, fields(await ada.open("/applications/new")))
    (made,) = applications(s)
    await mei.open(f"/reviews/{made.reviews[0]}")
    await mei.send(f"/reviews/{made.reviews[0]}", do="return", text="Which hearts?", about="statement")
    path = f"/applications/{made.id}/edit"
    sent = fields(await ada.open(path))
    assert (await post(s, ada, sent, path))[0] == 303
    assert (await post(s, ada, sent, path))[0] == 400
    (made,) = applications(s)
    assert made.turn == 2


@pytest.mark.row("WF-FORM-LOST")
async def test_two_windows_on_one_draft_keep_both_texts(s: Site) -> None:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    first = await ada.send("/applications/new", do="save", title="Begun", once="", seen="")
    draft, seen = hidden(first, "draft"), hidden(first, "seen")
    assert seen
    await ada.send("/applications/new", do="save", title="In one window", draft=draft, seen=seen)
    assert "Saved as another draft" not in ada.text
    await ada.send("/applications/new", do="save", title="In the other", draft=draft, seen=seen)
    assert hidden(ada.text, "draft") != draft
    assert "Saved as another draft" in ada.text
    shown = await ada.open("/applications")
    assert "In one window" in shown
    assert "In the other" in shown


@pytest.mark.row("WF-FORM-LOST")
async def test_a_program_saves_only_over_what_it_has_read(s: Site) -> None:
    async def call(method: str, path: str, **more: Any) -> Any:
        return await s.http.request(
            method, f"/api/v1/me/drafts{path}", headers={**s.headers(), **more.pop("h", {})}, **more
        )

    id = (await (await call("POST", "", json={"draft": {"title": "a"}})).json())["id"]
    etag = (await call("GET", f"/{id}")).headers["ETag"]
    saved = await call("PUT", f"/{id}", json={"draft": {"title": "b"}}, h={"If-Match": etag})
    assert saved.status == 200
    assert (await call("PUT", f"/{id}", json={"draft": {"title": "c"}}, h={"If-Match": etag})).status == 412
    assert (await (await call("GET", f"/{id}")).json())["draft"] == {"title": "b"}
    again = saved.headers["ETag"]
    assert (await call("PUT", f"/{id}", json={"draft": {"title": "c"}}, h={"If-Match": again})).status == 200
    assert (await call("PUT", f"/{id}", json={"draft": {"title": "d"}})).status == 200, "who names none, means it"


@pytest.mark.row("WF-FORM-LOST")
@pytest.mark.parametrize("do", ["save", "submit", "check", "delete"])
async def test_whose_sign_in_ended_while_writing_sends_it_again_after_the_next_one(s: Site, do: str) -> None:
    ada = Browser(s, "ada")
    sent = fields(await ada.open("/applications/new"), do=do)
    row = s.stage.ledger.rows[Session.KIND, stored_id(secret("ada"))]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    status, _, text = await post(s, ada, sent)
    assert (status, SHOWN in text, "Nothing that you wrote is lost" in text) == (400, True, True)
    assert applications(s) == ()
    s.stage.ledger.rows[Session.KIND, row.id] = row  # signed in again, in another window
    stale = {**sent, "form": hidden(text, "form") if 'name="form"' in text else "", "once": hidden(text, "once")}
    status, _, text = await post(s, ada, stale | {"form": ""})
    assert (status, SHOWN in text) == (400, True), "the old form has no token that counts: it gets one"
    assert applications(s) == ()
    done = await post(s, ada, {**sent, "form": hidden(text, "form"), "once": hidden(text, "once")})
    assert done[0] == (200 if do in ("save", "check") else 303)
    assert len(applications(s)) == (do == "submit")
    assert not applications(s) or applications(s)[0].id == sent["once"]


@pytest.mark.row("WF-FORM-LOST")
async def test_another_site_can_send_nothing_and_fill_in_nothing(s: Site) -> None:
    ada = Browser(s, "ada")
    sent = fields(await ada.open("/applications/new"))
    for form in (sent, sent | {"form": ""}):
        answer = await s.http.post(
            "/applications/new", data=form, headers={**ada.headers, **FORM, "Origin": "https://evil.example"}
        )
        assert answer.status == 400
        assert SHOWN not in await answer.text()
    assert applications(s) == ()


@pytest.mark.row("WF-FORM-LOST")
async def test_pasted_megabytes_are_refused_before_they_are_read_and_a_long_text_is_shown_again(s: Site) -> None:
    ada = Browser(s, "ada")
    page = await ada.open("/applications/new")
    status, _, text = await post(s, ada, fields(page, statement="x" * 100_000, do="save"))
    assert (status, "x" * 100_000 in text) == (400, True), "too long for a draft, and still there"
    body = BytesIO(urlencode(fields(page, statement="x" * 3_000_000)).encode())
    answer = await s.http.post("/applications/new", data=body, headers=ada.headers | FORM)
    assert (answer.status, len(await answer.text()) < 20_000) == (413, True)
    assert applications(s) == ()


@pytest.mark.row("WF-FORM-LOST")
async def test_hostile_text_is_shown_as_text_wherever_it_comes_back(s: Site) -> None:
    ada = Browser(s, "ada")
    names = [
        "\x00",
        "\u202eevil",
        "<svg onload=alert(1)>",
        "{{ 7*7 }}",
        "a" * 300,
        "../../etc/passwd",
        "'; DROP TABLE x;--",
    ]
    for name in names:
        await ada.open("/applications/new")
        shown = await ada.send("/applications/new", do="save", title=name)
        assert ada.status == 200
        assert "<svg" not in shown
        await ada.open("/applications")
        assert "<svg" not in ada.text


@pytest.mark.row("WF-FORM-TWICE")
async def test_only_an_empty_form_may_be_kept_by_a_browser(s: Site) -> None:
    """The back button then leads to the form that was sent; what holds somebody's words is kept nowhere."""
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="save", title="Begun", once="", seen="")
    draft = hidden(ada.text, "draft")
    for query, kept in (
        ("", "private, no-cache"),
        (f"?dataset={b.HEART}", "private, no-cache"),
        (f"?draft={draft}", "no-store"),
    ):
        answer = await s.http.get(f"/applications/new{query}", headers=ada.headers)
        assert answer.headers["Cache-Control"] == kept
