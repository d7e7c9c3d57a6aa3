"""Findings about participants by API and by pages; who reports one, reads the same bytes whatever the truth is."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.consent.model import Grantor, Scope
from broker.core.ids import PersonId
from broker.core.rows import Person, ResultReport, Role, Row
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, signed_in, site

KIM, ETH = "usr_kim", "usr_eth"
TEXT = "CANARY <b>variant</b>"
BODY = {"subject": str(b.PIA), "text": TEXT, "onset": "adult", "actionable": "yes"}
CHECK = {"step": "validate", "text": "Sequenced again.", "onset": "adult", "actionable": "yes"}
HERE = f"/grants/{b.GRANT}/findings"


def people() -> list[Row]:
    """Kim keeps the data, Eth sits in the ethics committee, Lee has nothing to do with them."""
    found: list[Row] = [browser_session("ada", affiliations=("faculty@rhine.example",)), browser_session("mei")]
    for name, role, scope in (
        ("kim", "custodian", f"dataset:{b.HEART}"),
        ("eth", "ethics_committee", "service"),
        ("lee", "", ""),
    ):
        found += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
        found += signed_in(f"usr_{name}")
        found += [Role(id=f"r-{name}", role=role, scope=scope, iss=b.HOME, sub=name)] if role else []
    return found


def consenting(wish: Any, **said: Any) -> Any:
    return b.consent(scope=Scope(permissions=b.codes("DUO:0000042"), return_of_results=wish), **said)


async def call(s: Site, method: str, path: str, by: str, body: Any = None) -> tuple[int, Any]:
    answer = await s.http.request(method, f"/api/v1{path}", headers=s.headers(by), json=body)
    return answer.status, await answer.json()


@pytest.mark.row("WHO-3.2-2")
async def test_a_finding_by_programs_from_the_researcher_to_the_clinic(tmp_path: Path) -> None:
    async with site(tmp_path, *people(), pia=consenting("all")) as s:
        status, told = await call(s, "POST", f"/grants/{b.GRANT}/findings", str(b.ADA), BODY)
        assert (status, sorted(told), told["state"]) == (
            201,
            ["dataset", "grant", "id", "reported", "retracted", "state"],
            "received",
        )
        (seen,) = (await call(s, "GET", "/findings", KIM))[1]["findings"]
        assert (seen["text"], seen["may"], seen["says"]["route"]) == (TEXT, ["close", "see", "validate"], "forward")
        assert str(b.ADA) not in str(seen), "the grant says enough"
        path = f"/findings/{told['id']}/steps"
        assert (await call(s, "POST", path, str(b.ADA), CHECK))[0] == 404
        assert (await call(s, "POST", path, KIM, CHECK | {"onset": "soon"}))[0] == 400
        assert (await call(s, "POST", path, KIM, CHECK))[1]["stage"] == "validated"
        done = await call(s, "POST", path, KIM, {"step": "forward", "text": "The clinic of genetics."})
        assert done == (200, {"id": told["id"], "stage": "forwarded", "why": ""})
        assert (await call(s, "GET", "/me/findings", str(b.ADA)))[1] == {"findings": [told]}
        assert (await call(s, "GET", "/findings", str(b.ADA)))[1] == {"findings": []}


@pytest.mark.row("WHO-3.2-3")
async def test_without_a_policy_it_is_409_and_says_why(tmp_path: Path) -> None:
    bare = b.dataset(safeguards=replace(b.SAFEGUARDS, return_of_results=None))
    async with site(tmp_path, *people(), dataset=bare) as s:
        status, told = await call(s, "POST", f"/grants/{b.GRANT}/findings", str(b.ADA), BODY)
        assert (status, told["code"]) == (409, "REQ-NO-RESULTS-POLICY")
        ada = Browser(s, "ada")
        shown = await ada.open(HERE)
        assert "no approved policy" in shown
        assert "<textarea" not in shown


TRUTHS: dict[str, tuple[Any, str]] = {
    "wants to know": (consenting("all"), str(b.PIA)),
    "does not": (consenting("none"), str(b.PIA)),
    "was never asked": (consenting(None), str(b.PIA)),
    "a child": (consenting("all", grantor=Grantor(kind="parent")), str(b.PIA)),
    "nobody": (consenting("all"), "sub_none"),
}


_DRAWN = re.compile(r'rsl_[0-9a-f-]{36}|(?<="request_id": ")[0-9a-f]+|(?<=name="form" value=")[^"]+')
"""What is drawn anew each time, here one number after another."""


async def _read(folder: Path, truth: str, stages: set[str]) -> list[tuple[int, str, list[str]]]:
    """All that Ada can read, by API and on pages, at every step that the custodian and the committee take."""
    pia, subject = TRUTHS[truth]
    async with site(folder, *people(), pia=pia) as s:
        ada, read = Browser(s, "ada"), list[tuple[int, str, list[str]]]()

        async def kept(answer: Any) -> None:
            text = _DRAWN.sub("drawn", await answer.text())
            read.append((answer.status, text, sorted(set(answer.headers) - {"Date", "X-Audit-Receipt"})))

        async def look() -> None:
            for path in ("/api/v1/me/findings", "/api/v1/me/notices", f"/api/v1/grants/{b.GRANT}", "/api/v1/findings"):
                await kept(await s.http.get(path, headers=s.headers()))
            for path in (HERE, f"/grants/{b.GRANT}", "/inbox", "/findings", "/me"):
                await kept(await s.http.get(path, headers=ada.headers, allow_redirects=False))

        made = await s.http.post(
            f"/api/v1/grants/{b.GRANT}/findings", headers=s.headers(), json=BODY | {"subject": subject}
        )
        id = (await made.json())["id"]
        await kept(made)
        for by, step in (
            (KIM, CHECK),
            (ETH, {"step": "allow", "text": "Yes.", "approval": "ETH-9"}),
            (KIM, {"step": "forward", "text": "The clinic."}),
        ):
            await look()
            assert (await call(s, "POST", f"/findings/{id}/steps", by, step))[0] in (200, 403, 404, 409)
            await kept(await s.http.post(f"/api/v1/findings/{id}/steps", headers=s.headers(), json=CHECK))
        await look()
        await kept(await s.http.post(f"/api/v1/me/findings/{id}/retraction", headers=s.headers()))
        await look()
        (row,) = (row for row in s.stage.ledger.rows.values() if isinstance(row, ResultReport))
        stages.add(f"{row.stage.value} {row.why}")
        return read


@pytest.mark.row("WHO-3.2-2", "WHO-3.2-3")
async def test_by_no_answer_is_told_who_is_in_the_data_or_what_they_chose(tmp_path: Path) -> None:
    stages = set[str]()
    wanted = await _read(tmp_path, "wants to know", stages)
    for truth in TRUTHS:
        assert await _read(tmp_path, truth, stages) == wanted, truth
    assert stages == {"forwarded ", "closed not_wanted", "closed not_in_data"}, "so it was not all the same"


@pytest.mark.row("WHO-3.2-2", "WHO-3.1-10")
@pytest.mark.parametrize(("language", "title"), [("en", "Findings about participants"), ("es", "Hallazgos sobre")])
async def test_a_finding_about_a_child_by_pages(tmp_path: Path, language: str, title: str) -> None:
    async with site(tmp_path, *people(), pia=consenting("all", grantor=Grantor(kind="parent"))) as s:
        ada, kim, eth, lee = (Browser(s, name, language) for name in ("ada", "kim", "eth", "lee"))
        assert HERE in await ada.open(f"/grants/{b.GRANT}")
        assert title in await ada.open(HERE)
        shown = await ada.send(HERE, do="report", subject="", text=TEXT)
        assert (ada.status, "CANARY &lt;b&gt;" in shown) == (409, True), "nothing typed is lost"
        shown = await ada.send(HERE, do="report", subject=b.PIA, text=TEXT, onset="adult", actionable="yes")
        assert (ada.status, "CANARY" in shown) == (200, False)
        assert "/findings" in kim.links("/findings") or "/findings" in await kim.open("/inbox")
        shown = await kim.open("/findings")
        assert "CANARY &lt;b&gt;variant" in shown
        id = re.findall(r'name="finding" value="(rsl_[^"]+)"', shown)[0]
        shown = await kim.send("/findings", finding=id, do="validate", onset="adult", actionable="yes", text="")
        assert kim.status == 409
        await kim.send("/findings", finding=id, do="validate", onset="adult", actionable="yes", text="Looked again.")
        assert 'value="forward"' not in kim.text, "it waits for the committee"
        await eth.open("/findings")
        await eth.send("/findings", finding=id, do="allow", approval="ETH-9", text="Not to the parents.")
        assert "CANARY" not in eth.text, "nothing waits for them any more"
        shown = await kim.open("/findings")
        assert "Not to the parents." in shown
        await kim.send("/findings", finding=id, do="forward", text="The clinic of genetics.")
        row = s.stage.ledger.rows[ResultReport.KIND, id]
        assert isinstance(row, ResultReport)
        assert row.stage == "forwarded"
        for other in (lee, ada):
            assert "CANARY" not in await other.open("/findings")
        await lee.open(HERE)
        assert lee.status == 404
        await ada.open(HERE)
        await ada.send(HERE, do="retract", finding=id)
        assert 'value="retract"' not in ada.text


async def test_who_does_not_want_to_know_is_closed_with_one_button_and_the_words_are_not_shown(tmp_path: Path) -> None:
    async with site(tmp_path, *people(), pia=consenting("none")) as s:
        await call(s, "POST", f"/grants/{b.GRANT}/findings", str(b.ADA), BODY)
        kim = Browser(s, "kim")
        shown = await kim.open("/findings")
        assert ("does not want to know" in shown, "CANARY" in shown) == (True, False)
        id = re.findall(r'name="finding" value="(rsl_[^"]+)"', shown)[0]
        await kim.send("/findings", finding=id, do="close")
        assert (kim.status, 'value="close"' in kim.text) == (200, False)


async def test_a_step_that_is_none_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path, *people()) as s:
        kim = Browser(s, "kim")
        await kim.open("/inbox")
        await kim.send("/findings", finding="rsl_1", do="stop")
        assert kim.status == 400
        await kim.open("/inbox")
        await kim.send("/findings", finding="rsl_1", do="close", text="x")
        assert kim.status == 409
