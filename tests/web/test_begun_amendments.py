"""What somebody begins to mend or to amend is kept while they write, found again, and never written over unseen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session, changed
from tests import builders as b
from tests.web.browsing import FORM, secret
from tests.web.site import Site, site
from tests.web.test_forms_that_come_twice import hidden
from tests.web.test_workflow_pages import HEARTS, Browser, committee, rows

LONG = "What I wrote for an hour."


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as made:
        yield made


async def given_back(s: Site) -> tuple[Browser, str]:
    """Ada's application is with her again; its path."""
    ada, mei = Browser(s, "ada"), Browser(s, "mei")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS)
    (made,) = s.stage.live.current().applications_of(b.ADA)
    await mei.open(f"/reviews/{made.reviews[0]}")
    await mei.send(f"/reviews/{made.reviews[0]}", do="return", text="Which hearts?")
    return ada, f"/applications/{made.id}"


async def approved(s: Site) -> tuple[Browser, str]:
    ada, path = await given_back(s)
    mei = Browser(s, "mei")
    await ada.open(f"{path}/edit")
    await ada.send(f"{path}/edit", **HEARTS)
    (made,) = s.stage.live.current().applications_of(b.ADA)
    review = f"/reviews/{made.reviews[0]}"
    await mei.open(review)
    sides = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "All."}
    await mei.send(review, do="assess", dataset=b.HEART, **sides)
    asked = s.stage.live.current().requests_of(b.ADA)[-1].id
    await mei.send(review, do="decide", request=asked, answer="approve", ground="Good.")
    return ada, path


BEGINNINGS = {"edit": given_back, "amend": approved}


async def script(s: Site, who: Browser, path: str, of: str, text: str, **more: str) -> tuple[int, Any]:
    """What the script of the form sends."""
    sent = {**HEARTS, "form": hidden(text, "form"), "seen": hidden(text, "seen"), **more}
    answer = await s.http.post(f"{path}/begun?of={of}", data=sent, headers=who.headers | FORM, allow_redirects=False)
    return answer.status, await answer.json()


@pytest.mark.row("WF-FORM-BEGUN")
@pytest.mark.parametrize("of", BEGINNINGS)
async def test_what_is_begun_is_kept_found_again_and_gone_when_handed_in(s: Site, of: str) -> None:
    ada, path = await BEGINNINGS[of](s)
    text = await ada.open(f"{path}/{of}")
    assert f'data-keep="{path}/begun?of={of}"' in text
    status, told = await script(s, ada, path, of, text, lay=LONG)
    assert (status, told["draft"]) == (200, "")
    shown = await ada.open(f"{path}/{of}")
    assert LONG in shown
    assert hidden(shown, "seen") == told["seen"]
    assert (await script(s, ada, path, of, shown, lay=f"{LONG} And more."))[0] == 200
    await ada.open(f"{path}/{of}")
    await ada.send(f"{path}/{of}", do="submit", **HEARTS | {"datasets": "", "lay": f"{LONG} Done."})
    assert ada.path == path, ada.text
    (made,) = s.stage.live.current().applications_of(b.ADA)
    assert made.paper.lay == f"{LONG} Done."
    assert not [key for key in s.stage.world.scratch.values if key[0] == "begun"]  # type: ignore[attr-defined]


@pytest.mark.row("WF-FORM-BEGUN")
@pytest.mark.parametrize("of", BEGINNINGS)
async def test_without_a_script_the_button_keeps_it_and_another_begins_anew(s: Site, of: str) -> None:
    ada, path = await BEGINNINGS[of](s)
    turns = s.stage.live.current().applications_of(b.ADA)[0].turn
    text = await ada.open(f"{path}/{of}")
    await ada.send(f"{path}/{of}", do="save", seen=hidden(text, "seen"), title="", lay=LONG)
    assert (ada.status, LONG in ada.text) == (200, True), "nothing is judged before it is handed in"
    assert LONG in await ada.open(f"{path}/{of}")
    await ada.send(f"{path}/{of}", do="drop")
    assert LONG not in ada.text
    assert "Why hearts fail." in ada.text
    assert s.stage.live.current().applications_of(b.ADA)[0].turn == turns


@pytest.mark.row("WF-FORM-BEGUN")
async def test_what_another_window_wrote_is_never_written_over_unseen(s: Site) -> None:
    ada, path = await given_back(s)
    text = await ada.open(f"{path}/edit")
    _, told = await script(s, ada, path, "edit", text, lay="In one window.")
    status, no = await script(s, ada, path, "edit", text, lay="In the other.")
    assert (status, no["code"]) == (409, "REQ-STALE")
    await ada.send(f"{path}/edit", do="save", seen="", lay="In the other.")
    assert ada.status == 400
    assert "In the other." in ada.text, "it is told, and nothing typed is lost"
    assert hidden(ada.text, "seen") == told["seen"]
    assert "In one window." in await ada.open(f"{path}/edit")


@pytest.mark.row("WF-FORM-BEGUN")
async def test_what_was_begun_of_papers_of_before_is_not_gone_on_with(s: Site) -> None:
    ada, path = await given_back(s)
    text = await ada.open(f"{path}/edit")
    await script(s, ada, path, "edit", text, lay="In a forgotten window.")
    old = {"form": hidden(text, "form"), "seen": hidden(text, "seen")}
    shown = await ada.open(f"{path}/edit")
    held = {"form": hidden(shown, "form"), "seen": hidden(shown, "seen")}
    scratch = dict(s.stage.world.scratch.values)  # type: ignore[attr-defined]
    await ada.send(f"{path}/edit", **HEARTS)
    s.stage.world.scratch.values.update(scratch)  # type: ignore[attr-defined]
    (made,) = s.stage.live.current().applications_of(b.ADA)
    mei = Browser(s, "mei")
    await mei.open(f"/reviews/{made.reviews[0]}")
    await mei.send(f"/reviews/{made.reviews[0]}", do="return", text="And whose?")
    assert "In a forgotten window." not in await ada.open(f"{path}/edit")
    for window in (old, held):
        answer = await s.http.post(f"{path}/begun?of=edit", data=HEARTS | window, headers=ada.headers | FORM)
        assert answer.status == 409, "a window of before is told so"


@pytest.mark.row("WF-FORM-BEGUN")
async def test_others_reach_nothing_and_whose_sign_in_ended_is_told(s: Site) -> None:
    ada, path = await given_back(s)
    mei, sam = Browser(s, "mei"), Browser(s, "sam")
    text = await ada.open(f"{path}/edit")
    await script(s, ada, path, "edit", text, lay=LONG)
    for other in (mei, sam):
        theirs = await other.open("/applications/new")
        assert (await script(s, other, path, "edit", theirs, lay="Mine now."))[0] == 404
        assert (await script(s, other, path, "edit", text))[0] == 401, "with the form of another"
        await other.open(f"{path}/edit")
        assert other.status == 404
    assert (await script(s, ada, path, "everything", text))[0] == 404
    assert (await script(s, ada, "/applications/app_none", "edit", text))[0] == 404
    assert (await script(s, ada, path, "edit", text, statement="x" * 70_000))[1]["code"] in (
        "REQ-STALE",
        "REQ-TOO-LARGE",
    )
    row = s.stage.ledger.rows[Session.KIND, stored_id(secret("ada"))]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    status, no = await script(s, ada, path, "edit", text)
    assert (status, no["code"]) == (401, "REQ-FORM-EXPIRED")
