"""Complaints without signing in, and challenges, by API and by pages."""

import re
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.states import State
from broker.core.ids import PersonId
from broker.core.rows import Person, Role, Row, Trace
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, signed_in, site
from tests.web.test_workflow_pages import FORM, Browser, Sound, rows

ADA, MEI, VIV = "usr_ada", "usr_mei", "usr_viv"


def officers() -> list[Row]:
    roles = [
        Role(id=f"r-{one}", role=one, scope="service", iss=b.HOME, sub="viv")
        for one in ("complaints_officer", "appeal_panel")
    ]
    return [Person(id=PersonId(VIV), log_key="dd" * 32, created=START), *roles, *signed_in(VIV)]


def refused() -> list[Row]:
    no = b.request(id="req_no", state=State.REJECTED, decision="dec_no", decided_by=MEI)
    return [no, Trace(id="dec_no", at=START, person=b.ADA)]  # type: ignore[arg-type]


async def call(s: Site, method: str, path: str, by: str | None, body: Any = None) -> tuple[int, Any]:
    headers = s.headers(by) if by is not None else {}
    answer = await s.http.request(method, f"/api/v1{path}", headers=headers, json=body)
    return answer.status, await answer.json()


@pytest.mark.row("WHO-P-10")
async def test_a_complaint_without_credentials_is_kept_read_and_answered(tmp_path: Path) -> None:
    async with site(tmp_path, *officers()) as s:
        status, made = await call(s, "POST", "/complaints", None, {"text": "Wrong.", "about": b.HEART})
        assert (status, made["stage"]) == (201, "received")
        assert made["due"] is not None, "a clock runs"
        assert (await call(s, "GET", "/cases", MEI))[1] == {"cases": []}
        _, inbox = await call(s, "GET", "/cases", VIV)
        assert [(one["id"], one["may"]) for one in inbox["cases"]] == [(made["id"], ["acknowledge", "answer", "see"])]
        assert (await call(s, "POST", f"/cases/{made['id']}/acknowledgement", MEI))[0] == 404
        assert (await call(s, "POST", f"/cases/{made['id']}/acknowledgement", VIV))[0] == 200
        said = {"outcome": "partly", "answer": "Mended."}
        assert (await call(s, "POST", f"/cases/{made['id']}/answer", VIV, said))[0] == 200
        status, stands = await call(s, "POST", f"/complaints/{made['id']}", None, {"key": made["key"]})
        assert (status, stands["outcome"], stands["answer"]) == (200, "partly", "Mended.")
        assert VIV not in str(stands)
        assert (await call(s, "POST", f"/complaints/{made['id']}", None, {"key": "wrong"}))[0] == 404
        for body in ({}, {"text": ""}, {"text": "x", "about": "y" * 256}, {"text": "x", "person": ADA}):
            assert (await call(s, "POST", "/complaints", None, body))[0] == 400


@pytest.mark.row("WF-CHALLENGE")
async def test_a_no_is_challenged_and_answered_by_the_panel(tmp_path: Path) -> None:
    async with site(tmp_path, *officers(), *refused()) as s:
        body = {"kind": "appeal", "text": "It is not wide."}
        assert (await call(s, "POST", "/requests/req_no/challenges", MEI, body))[0] == 404
        status, made = await call(s, "POST", "/requests/req_no/challenges", ADA, body)
        assert status == 201
        assert (await call(s, "POST", f"/cases/{made['id']}/answer", ADA, {"outcome": "upheld", "answer": "Me."}))[
            0
        ] == 403
        said = {"outcome": "upheld", "answer": "It was not."}
        assert (await call(s, "POST", f"/cases/{made['id']}/answer", VIV, said))[0] == 200
        assert (await call(s, "GET", "/requests/req_no", ADA))[1]["state"] == "submitted"
        _, mine = await call(s, "GET", "/cases", ADA)
        assert (mine["cases"][0]["outcome"], VIV in str(mine)) == ("upheld", False)
        status, second = await call(s, "POST", "/requests/req_no/challenges", ADA, body)
        assert (status, second["code"]) == (409, "REQ-STATE")


@pytest.mark.row("WHO-P-10")
@pytest.mark.parametrize(("language", "title"), [("en", "Make a complaint"), ("es", "Presentar una reclamación")])
async def test_anybody_complains_on_a_page_and_reads_there_how_it_stands(
    tmp_path: Path, language: str, title: str
) -> None:
    async with site(tmp_path, *rows(), *officers()) as s:
        said = {"Accept-Language": language}
        shown = await (await s.http.get("/complain", headers=said)).text()
        Sound().feed(shown)
        assert f"<h1>{title}</h1>" in shown
        sent = {"text": "They <b>sold</b> it.", "about": b.HEART}
        assert (await s.http.post("/complain", data={"text": " "}, headers=FORM)).status == 400
        evil = FORM | {"Origin": "https://evil.example"}
        assert (await s.http.post("/complain", data=sent, headers=evil)).status == 400
        assert s.stage.kinds() == []
        shown = await (await s.http.post("/complain", data=sent, headers=FORM | said)).text()
        Sound().feed(shown)
        assert "&lt;b&gt;sold" in shown
        number, key = re.findall(r"<dd><code>([^<]+)</code></dd>", shown)
        follow = {"do": "follow", "number": number, "key": key}
        assert "sold" in await (await s.http.post("/complain", data=follow, headers=FORM)).text()
        assert (await s.http.post("/complain", data=follow | {"key": "x"}, headers=FORM)).status == 400
        mei = Browser(s, "mei")
        assert number not in await mei.open("/cases")


@pytest.mark.row("WF-CHALLENGE")
async def test_an_applicant_takes_their_challenge_back_on_the_page(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), *refused()) as s:
        ada = Browser(s, "ada")
        await ada.open("/applications/new")
        shown = await ada.send(
            "/cases", do="challenge", request="req_no", kind="reconsideration", text="Read it again."
        )
        assert "Read it again." in shown
        number = re.findall(r'name="case" value="(cas_[^"]+)"', shown)[0]
        shown = await ada.send("/cases", do="withdraw", case=number)
        assert 'value="withdraw"' not in shown
        for wrong in ({"do": "withdraw", "case": number}, {"do": "answer", "case": number}, {"do": "x"}):
            await ada.open("/applications/new")
            await ada.send("/cases", **wrong)
            assert ada.status == 409
