"""The inbox by pages and by programs."""

from pathlib import Path

import pytest

from tests import builders as b
from tests.web.site import Site, site
from tests.web.test_workflow_pages import Browser, rows


async def suspended(s: Site) -> None:
    answer = await s.http.post(
        f"/api/v1/grants/{b.GRANT}/suspension", headers=s.headers("usr_mei"), json={"ground": "A laptop was stolen."}
    )
    assert answer.status == 200, await answer.text()


@pytest.mark.row("WF-TOLD")
@pytest.mark.parametrize(("language", "says"), [("en", "has stopped"), ("es", "se ha detenido")])
async def test_what_happened_is_read_in_the_inbox_and_a_look_marks_nothing(
    tmp_path: Path, language: str, says: str
) -> None:
    async with site(tmp_path, *rows()) as s:
        await suspended(s)
        ada = Browser(s, "ada")
        for _ in range(2):
            assert says in await ada.open("/inbox", **{"Accept-Language": language})
            assert 'name="notice"' in ada.text
        first = ada.text.split('name="notice" value="')[1].split('"')[0]
        await ada.send("/inbox", do="read", notice=first)
        assert (ada.status, ada.path, 'name="notice"' in ada.text) == (200, "/inbox", False)
        mei = Browser(s, "mei")
        assert says not in await mei.open("/inbox"), "what she did is no news"
        assert "laptop" not in ada.text


async def test_letters_are_asked_for_shown_and_turned_off_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        ada = Browser(s, "ada")
        assert ">English</option>" in await ada.open("/inbox")
        shown = await ada.send("/inbox", do="ask", address='no"address')
        assert (ada.status, "no&#34;address" in shown) == (409, True)
        await ada.open("/inbox")
        shown = await ada.send("/inbox", do="ask", address="ada@rhine.example", language="es", off="talk", daily="yes")
        assert "half an hour" in shown
        code = next(word for word in s.stage.mailer.sent[0].text.split() if word.isdigit())
        await ada.send("/inbox", do="confirm", code=code)
        assert 'value="talk" checked' in ada.text
        assert "rhine" not in ada.text, "the page need not show it, and whoever looks over a shoulder need not read it"
        await ada.send("/inbox", do="remove")
        assert "Letters go to" not in ada.text
        await ada.send("/inbox", do="nonsense")
        assert ada.status == 409


async def test_a_form_of_another_page_is_refused_and_who_is_not_signed_in_goes_to_sign_in(tmp_path: Path) -> None:
    async with site(tmp_path, *rows()) as s:
        answer = await s.http.get("/inbox", allow_redirects=False)
        assert (answer.status, answer.headers["Location"].startswith("/sign-in")) == (303, True)
        ada = Browser(s, "ada", text='name="form" value="forged"')
        await ada.send("/inbox", do="remove")
        assert ada.status in (400, 403)


async def test_a_program_reads_the_inbox_too(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        await suspended(s)
        told = await (await s.http.get("/api/v1/me/notices", headers=s.headers())).json()
        (one,) = told["notices"]
        assert (told["unread"], one["what"], one["about"], one["read"]) == (1, "grant.suspended", b.GRANT, False)
        body = {"notice": one["id"]}
        for _ in range(2):
            assert (await s.http.post("/api/v1/me/notices/read", headers=s.headers(), json=body)).status == 204
        told = await (await s.http.get("/api/v1/me/notices", headers=s.headers())).json()
        assert told["unread"] == 0
