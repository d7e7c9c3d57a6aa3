"""Publications by API and on pages: entered by who used the data, read by everybody."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import builders as b
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

PATH = f"/grants/{b.GRANT}"
PAPER = {"doi": "https://doi.org/10.1234/Hearts", "title": "Why <b>hearts</b> fail", "attribution": f"Data: {b.HEART}"}
UNNAMED = PAPER | {"doi": "10.1234/second", "attribution": "A biobank."}
DATASET = f"/dataset?{urlencode({'id': b.HEART})}"


async def call(s: Site, path: str, body: Any, by: str = str(b.ADA)) -> tuple[int, Any]:
    answer = await s.http.post(f"/api/v1{path}", headers=s.headers(by), json=body)
    return answer.status, await answer.json()


@pytest.mark.row("WHO-3.6-4")
async def test_by_programs(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        status, told = await call(s, f"{PATH}/renewals", {"months": 6, "summary": "So far."})
        assert (status, told["code"]) == (409, "GRANT-NO-ATTRIBUTION")
        assert (await call(s, f"{PATH}/publications", PAPER | {"doi": "my page"}))[0] == 400
        assert (await call(s, f"{PATH}/publications", PAPER, "usr_mei"))[0] == 403
        status, told = await call(s, f"{PATH}/publications", PAPER)
        assert (status, told["reports"][0]["publications"][0]["doi"]) == (201, "10.1234/hearts")
        status, told = await call(s, f"{PATH}/renewals", {"months": 6, "summary": "So far."})
        assert status == 201
        body = {"months": 6, "summary": "x", "publications": [PAPER | {"doi": "no"}]}
        assert (await call(s, f"{PATH}/renewals", body))[0] == 400
        (project,) = (await (await s.http.get("/api/v1/register")).json())["projects"]
        assert [one["doi"] for one in project["publications"]] == ["10.1234/hearts"]
        assert str(b.ADA) not in str(project)


@pytest.mark.row("WHO-3.6-4")
@pytest.mark.parametrize(("language", "unnamed"), [("en", "does not name the data"), ("es", "No nombra los datos")])
async def test_by_pages(tmp_path: Path, language: str, unnamed: str) -> None:
    async with site(tmp_path, browser_session("ada")) as s:
        ada, nobody = Browser(s, "ada", language), Browser(s, "", language)
        shown = await nobody.open(DATASET)
        cite = f"heart-study. Heart. The bank. {b.HEART}"
        assert cite in shown
        assert cite in await ada.open(PATH), "they ask for the same words"
        await ada.send(PATH, do="renew", months="6", summary="So far.", none_yet="In review.")
        assert ada.status == 409, "it is signed"
        shown = await ada.send(PATH, do="publish", **PAPER | {"doi": "my page"})
        assert (ada.status, "Why &lt;b&gt;hearts" in shown) == (409, True), "nothing typed is lost"
        for paper in (PAPER, UNNAMED):
            await ada.open(PATH)
            await ada.send(PATH, do="publish", **paper)
            assert ada.status == 200
        assert 'name="none_yet"' not in ada.text, "there is something to show"
        for page in (DATASET, "/register", PATH):
            shown = await (ada if page == PATH else nobody).open(page)
            assert 'href="https://doi.org/10.1234/hearts"' in shown
            assert shown.count(unnamed) == 1, page
            assert "<b>hearts" not in shown
        await ada.send(PATH, do="renew", months="6", summary="So far.")
        assert ada.status == 200


@pytest.mark.row("WHO-3.6-4")
async def test_what_was_entered_by_mistake_is_taken_back_and_the_record_keeps_both(tmp_path: Path) -> None:
    async with site(tmp_path, browser_session("ada"), browser_session("mei")) as s:
        ada, nobody = Browser(s, "ada"), Browser(s, "")
        for paper in (PAPER, UNNAMED):
            assert (await call(s, f"{PATH}/publications", paper))[0] == 201
        shown = await ada.open(PATH)
        assert "Take back 10.1234/hearts: it was entered by mistake" in shown
        assert "Take back" not in await Browser(s, "mei").open(PATH), "who gave the grant entered nothing"
        assert (await call(s, f"{PATH}/publications/taken-back", {"doi": "10.1234/hearts"}, "usr_mei"))[0] == 403
        await ada.send(PATH, do="take_back", doi="10.1234/hearts")
        assert (ada.status, "Taken back: 10.1234/hearts" in ada.text) == (200, True)
        for page in (DATASET, "/register"):
            shown = await nobody.open(page)
            assert ("10.1234/hearts" in shown, "10.1234/second" in shown) == (False, True), page
        assert (await call(s, f"{PATH}/publications/taken-back", {"doi": "10.1234/hearts"}))[0] == 404
        assert (await call(s, f"{PATH}/publications/taken-back", {"doi": "https://doi.org/10.1234/SECOND"}))[0] == 200
        status, told = await call(s, f"{PATH}/renewals", {"months": 6, "summary": "So far."})
        assert (status, told["code"]) == (409, "GRANT-NO-ATTRIBUTION"), "there is none any more"
        assert (await call(s, f"{PATH}/publications", PAPER))[0] == 201
        assert "10.1234/hearts" in await nobody.open("/register"), "it was none after all"
        assert s.stage.kinds() == ["grant.published"] * 5


@pytest.mark.row("WHO-3.6-4")
async def test_that_data_were_not_named_is_reported_as_what_it_is(tmp_path: Path) -> None:
    async with site(tmp_path, browser_session("ada")) as s:
        body = {"dataset": b.HEART, "text": "No word of it.", "noticed": "2027-01-14T10:00:00Z"}
        status, told = await call(s, "/incidents", body | {"breach": "missing_attribution"})
        assert (status, told["breach"]) == (201, "missing_attribution")
        assert (await call(s, "/incidents", body | {"breach": "none such"}))[0] == 400
        ada = Browser(s, "ada")
        shown = await ada.open("/incidents")
        assert "Published without naming the data." in shown
        await ada.send("/incidents", do="report", dataset=b.HEART, text="x", noticed="2027-01-14", breach="no")
        assert ada.status == 409
        await ada.send("/incidents", do="report", dataset=b.HEART, text="x", noticed="2027-01-14", breach="passed_on")
        assert "Passed on to others." in ada.text
