"""Grants by API and by pages: a holder's own, the committee's calendar, every step, and what strangers see: nothing."""

import re
from pathlib import Path
from typing import Any

import pytest

from broker.core.rows import Committee, Grant
from broker.core.time import Seconds, rfc3339
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site
from tests.web.test_workflow_pages import Browser, rows

PATH = f"/grants/{b.GRANT}"
ADA, MEI = "usr_ada", "usr_mei"
REPORT = {
    "summary": "We found <b>why</b>.",
    "publications": [{"doi": "doi:10.1234/X", "title": "Why", "attribution": f"Data: {b.HEART}."}],
}
DAY = 86_400


async def call(s: Site, method: str, path: str, by: str, body: Any = None) -> tuple[int, Any]:
    answer = await s.http.request(method, f"/api/v1{path}", headers=s.headers(by), json=body)
    return answer.status, await answer.json()


@pytest.mark.row("WF-GRANT-RENEW")
async def test_a_grant_is_renewed_suspended_resumed_and_closed_by_programs(tmp_path: Path) -> None:
    async with site(tmp_path, grant=b.grant(ends=START + 90 * DAY)) as s:
        _, told = await call(s, "GET", "/grants", ADA)
        assert [(one["id"], one["stage"], one["may"]) for one in told["grants"]] == [
            (b.GRANT, "active", ["close", "publish", "renew", "see", "tell"])
        ]
        status, told = await call(s, "POST", f"{PATH}/renewals", ADA, {"months": 24, **REPORT})
        assert (status, told["reports"][0]["answer"]) == (201, None)
        _, due = await call(s, "GET", "/renewals", MEI)
        assert [one["id"] for one in due["waiting"]] == [b.GRANT]
        status, told = await call(s, "POST", f"{PATH}/renewals/answer", MEI, {"answer": "extend", "ground": "Good."})
        assert (status, told["reports"][0]["answered_by"]) == (200, MEI)
        _, mine = await call(s, "GET", PATH, ADA)
        assert MEI not in str(mine), "who answered is not told to the holder"
        assert mine["ends"] > rfc3339(Seconds(START + 90 * DAY))
        for step, stage in (("suspension", "suspended"), ("resumption", "active")):
            status, told = await call(s, "POST", f"{PATH}/{step}", MEI, {"ground": "So."})
            assert (status, told["stage"]) == (200, stage)
        gone = {**REPORT, "destroyed": "All of it."}
        assert (await call(s, "POST", f"{PATH}/closing", MEI, gone))[0] == 403
        status, told = await call(s, "POST", f"{PATH}/closing", ADA, gone)
        assert (status, told["stage"], told["may"]) == (200, "closed", ["publish", "see", "tell"])


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("renewals", {"months": 0, **REPORT}),
        ("renewals", {"months": 6, "publications": []}),
        ("closing", REPORT),
        ("suspension", {}),
        ("renewals/answer", {"answer": "maybe", "ground": "x"}),
    ],
)
async def test_a_body_that_leaves_something_out_is_refused(tmp_path: Path, step: str, body: Any) -> None:
    async with site(tmp_path) as s:
        for by in (ADA, MEI):
            status, told = await call(s, "POST", f"{PATH}/{step}", by, body)
            assert (status, told["code"]) == (400, "REQ-INVALID")
        assert s.stage.kinds() == []


@pytest.mark.parametrize(
    ("by", "step", "body", "status", "code"),
    [
        (ADA, "suspension", {"ground": "x"}, 403, "REQ-OWN"),
        (ADA, "revocation", {"ground": "x"}, 403, "REQ-OWN"),
        (ADA, "resumption", {"ground": "x"}, 403, "REQ-OWN"),
        (ADA, "renewals/answer", {"answer": "extend", "ground": "x"}, 403, "REQ-OWN"),
        (MEI, "renewals", {"months": 6, **REPORT}, 403, "REQ-NOT-YOUR-PART"),
        (MEI, "resumption", {"ground": "x"}, 409, "REQ-STATE"),
        ("usr_pia", "suspension", {"ground": "x"}, 404, "REQ-NOT-FOUND"),
        ("usr_pia", "closing", {**REPORT, "destroyed": "x"}, 404, "REQ-NOT-FOUND"),
    ],
)
@pytest.mark.row("WF-GRANT-OWN")
async def test_a_step_of_somebody_else_is_refused(
    tmp_path: Path, by: str, step: str, body: Any, status: int, code: str
) -> None:
    async with site(tmp_path) as s:
        got, told = await call(s, "POST", f"{PATH}/{step}", by, body)
        assert (got, told["code"]) == (status, code)
        assert s.stage.kinds() == []


def dac() -> Committee:
    return Committee(id=b.DAC, name="The committee", contact="dac@bank.example", voters=("bank",))


@pytest.mark.row("WF-GRANT-REMIND")
@pytest.mark.parametrize(("language", "soon"), [("en", "Ends in 30 days"), ("es", "Termina en 30 días")])
async def test_the_life_of_a_grant_by_pages_alone(tmp_path: Path, language: str, soon: str) -> None:
    ending = b.grant(ends=START + 20 * DAY)
    async with site(tmp_path, *rows(), committee=dac(), grant=ending) as s:
        ada, mei, sam = Browser(s, "ada"), Browser(s, "mei"), Browser(s, "sam")
        spoken = {"Accept-Language": language}
        assert soon in await ada.open("/grants", **spoken)
        assert PATH in await mei.open("/renewals", **spoken)
        await ada.open(PATH, **spoken)
        shown = await ada.send(PATH, do="renew", months="6", summary="An hour of words.")
        assert ada.status == 409, "that there are no publications is said, not left out"
        none: Any = {"none_yet": "It is in review.", "none_signed": "yes"}
        assert "An hour of words." in shown, "nothing typed is lost"
        await ada.send(PATH, do="renew", months="6", summary="We found <b>why</b>.", **none)
        assert ada.status == 200
        shown = await mei.open(PATH)
        assert "&lt;b&gt;why" in shown
        assert "usr_ada" in shown
        await mei.send(PATH, do="answer", answer="extend", ground="Good.")
        assert mei.status == 200
        assert soon not in await ada.open("/grants", **spoken)
        await mei.open(PATH)
        await mei.send(PATH, do="suspend", ground="An incident.")
        assert 'value="renew"' not in await ada.open(PATH)
        await mei.open(PATH)
        await mei.send(PATH, do="resume", ground="It was none.")
        await ada.open(PATH)
        shown = await ada.send(PATH, do="close", summary="Done.", destroyed="All of it.", **none)
        assert ada.status == 409, "the attestation is a step of its own"
        await ada.send(PATH, do="close", summary="Done.", destroyed="All.", attested="yes", **none)
        assert ada.status == 200
        row = s.stage.live.current().get(Grant, b.GRANT)
        assert row is not None
        assert row.closed is not None
        assert re.findall(r'name="do" value="(\w+)"', ada.text) == ["publish"], "papers come later"
        await sam.open(PATH)
        assert sam.status == 404
        assert PATH not in await sam.open("/renewals")
        assert PATH not in await sam.open("/grants")


@pytest.mark.parametrize(
    "sent",
    [{"do": "renew", "months": "soon"}, {"do": "suspend"}, {"do": "answer", "answer": "x"}, {"do": "nonsense"},
     {"do": "revoke", "ground": "x" * 20_001}],
    ids=lambda sent: sent["do"],
)  # fmt: skip
async def test_what_a_page_does_not_offer_changes_nothing(tmp_path: Path, sent: dict[str, str]) -> None:
    async with site(tmp_path, *rows(), committee=dac()) as s:
        for name in ("ada", "mei"):
            one = Browser(s, name)
            await one.open(PATH)
            await one.send(PATH, **sent)
            assert one.status in (400, 409)
        assert s.stage.kinds() == []


@pytest.mark.row("WF-TERMS")
async def test_terms_are_accepted_on_the_page_of_a_grant(tmp_path: Path) -> None:
    terms = b.dataset(terms_of_use="https://bank.example/terms/2", terms_sha256="ab" * 32)
    async with site(tmp_path, *rows(), committee=dac(), dataset=terms) as s:
        ada, mei = Browser(s, "ada"), Browser(s, "mei")
        assert "https://bank.example/terms/2" in await ada.open(PATH)
        await ada.send(PATH, do="accept")
        assert ada.status == 409
        await ada.open(PATH)
        assert "Accepted here." in await ada.send(PATH, do="accept", accepted="yes")
        assert s.stage.kinds() == ["terms.accepted"]
        assert 'value="accept"' not in await mei.open(PATH), "nobody accepts for somebody else"
