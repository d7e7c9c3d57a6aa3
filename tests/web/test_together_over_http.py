"""Applying together and amending, over the API and by pages: what each reads, and what is refused how."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.questions import ANSWERS, Question
from broker.core.rows import Application
from tests import builders as b
from tests.web.site import shipped_form, site
from tests.web.test_applications_over_http import ADA, LEE, MEI, ODA, PAPER, ask, voting, world
from tests.web.test_workflow_pages import HEARTS, Browser, committee, rows

SIDES = {"risk_of_use": "Little.", "risk_of_non_use": "Much.", "benefit": "Health.", "to_whom": "Everybody."}


@pytest.mark.row("WF-TOGETHER")
async def test_two_apply_together_and_amend_over_the_api(tmp_path: Path) -> None:
    async with site(tmp_path, *world(), **voting()) as s:
        _, made = await ask(s, "POST", "/applications", ADA, {**PAPER, "datasets": [b.HEART]})
        here = f"/applications/{made['id']}"
        assert (await ask(s, "POST", f"{here}/codes", LEE))[0] == 404
        status, code = await ask(s, "POST", f"{here}/codes", ADA)
        assert (status, set(code)) == (201, {"code", "ends"})
        status, look = await ask(s, "POST", "/joining/look", LEE, {"code": code["code"]})
        assert (status, look["title"], look["datasets"]) == (200, "Hearts", [b.HEART])
        assert (await ask(s, "POST", "/joining", LEE, {"code": "nonsense"}))[0] == 404
        assert (await ask(s, "POST", "/joining", LEE, {"code": code["code"]}))[0] == 201
        assert (await ask(s, "POST", "/joining", ODA, {"code": code["code"]}))[0] == 404

        _, mine = await ask(s, "GET", here, LEE)
        assert [one["part"] for one in mine["people"]] == ["applicant", "accessor"]
        assert mine["changed"] == ["people"]
        assert {one["person"] for one in mine["reviews"][0]["requests"]} == {ADA, LEE}
        assert mine["reviews"][0]["may"] == ["copy", "leave", "see"]
        assert [one["id"] for one in (await ask(s, "GET", "/applications", LEE))[1]["applications"]] == [made["id"]]
        amended = await ask(s, "POST", f"{here}/amendments", ADA, {**PAPER, "title": "More"})
        assert (amended[0], amended[1]["code"]) == (409, "REQ-STATE"), "there is no answer yet that could be amended"
        assert (await ask(s, "DELETE", f"{here}/people/{ADA}", ADA))[0] == 404
        assert (await ask(s, "DELETE", f"{here}/people/{LEE}", LEE))[0] == 204
        assert (await ask(s, "GET", here, LEE))[0] == 404
        _, mine = await ask(s, "GET", f"/reviews/{made['reviews'][0]['id']}", MEI)
        assert {one["person"]: one["state"] for one in mine["requests"]} == {ADA: "submitted", LEE: "withdrawn"}


@pytest.mark.row("WF-AMEND")
async def test_by_pages_somebody_joins_all_are_answered_and_the_answer_is_amended(tmp_path: Path) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada, mei, sam = (Browser(s, name) for name in ("ada", "mei", "sam"))
        await ada.open("/applications/new")
        await ada.send("/applications/new", do="submit", **HEARTS)
        here = ada.path
        shown = await ada.send(f"{here}/people", do="bring")
        code = re.findall(r"<code>([A-Za-z0-9_-]{43})</code>", shown)[0]
        await sam.open("/join")
        await sam.send("/join", code="nonsense")
        assert sam.status == 400
        assert 'role="alert"' in sam.text
        shown = await sam.send("/join", code=code)
        assert "Why hearts fail." in shown
        assert code not in sam.path, "a code is in no address"
        shown = await sam.send("/join", code=code, do="join")
        assert sam.path == here
        assert f"{here}/people" in shown, "who joined can leave"
        assert "/amend" not in shown
        await sam.open(f"{here}/amend")
        assert sam.status == 409

        path = re.findall(r'href="(/reviews/rev_[^"]+)"', await mei.open("/reviews"))[0]
        shown = await mei.open(path)
        assert "faculty@rhine.example" in shown
        assert shown.count('name="risk_of_use"') == 1, "both sides are written down once for a dataset"
        await mei.send(path, do="assess", dataset=b.HEART, **SIDES)
        for row in s.stage.live.current().requests_of(b.ADA):
            await mei.send(path, do="decide", request=row.id, answer="approve", ground="Good.")
        for row in s.stage.live.current().requests_of("usr_sam"):  # type: ignore[arg-type]
            await mei.send(path, do="decide", request=row.id, answer="reject", ground="Who are you?")
        assert "Good." in await ada.open(here)
        shown = await ada.open(f"{here}/amend")
        assert "Why hearts fail." in shown
        shown = await ada.send(f"{here}/amend", **HEARTS | {"datasets": ""})
        assert ada.status == 400, "nothing else is asked for"
        shown = await ada.send(f"{here}/amend", **HEARTS | {"datasets": "", "statement": "Why lungs fail."})
        assert ada.path == here
        shown = await mei.open(path)
        assert "Why lungs fail." in shown
        assert "statement" in shown, "what changed is said"
        assert len(s.stage.live.current().grants(b.ADA, b.HEART)) == 1, "nothing opens before it is decided"
        await mei.send(path, do="assess", dataset=b.HEART, **SIDES)
        waits = s.stage.live.current().requests_of(b.ADA)[-1]
        await mei.send(path, do="decide", request=waits.id, answer="approve", ground="Also good.")
        assert len(s.stage.live.current().grants(b.ADA, b.HEART)) == 2
        application = s.stage.live.current().applications_of(b.ADA)[0]
        await ada.open(here)
        await ada.send(f"{here}/people", person="usr_sam")
        left = s.stage.live.current().get(Application, application.id)
        assert left is not None
        assert left.people == (b.ADA,)
        await sam.open(here)
        assert sam.status == 404


@pytest.mark.row("WF-FORM")
async def test_the_form_asks_what_the_data_need_and_what_the_operator_adds(tmp_path: Path) -> None:
    funder = Question(
        name="funder", schema={"type": "string"}, feeds=ANSWERS, required=True,
        words={"en": "Who <pays>?", "es": "¿Quién paga?"},
    )  # fmt: skip
    form = replace(shipped_form(), questions=(*shipped_form().questions, funder))
    async with site(tmp_path, *rows(), committee=committee(), grant=None, form=form) as s:
        ada, mei = Browser(s, "ada"), Browser(s, "mei")
        shown = await ada.open("/applications/new")
        assert 'name="return_data"' in shown, "no data are chosen yet"
        shown = await ada.open(f"/applications/new?dataset={b.HEART}")
        assert 'name="commercial"' in shown
        assert 'name="return_data"' not in shown, "no code of these data asks for it"
        assert "Who &lt;pays&gt;?" in shown
        assert "¿Quién paga?" in await ada.open(f"/applications/new?dataset={b.HEART}", **{"Accept-Language": "es"})
        shown = await ada.send("/applications/new", do="submit", **HEARTS)
        assert ada.status == 400
        assert "funder" in shown
        assert 'name="return_data"' in shown, "what was answered stays"
        await ada.send("/applications/new", do="submit", **HEARTS | {"asked.funder": "The <state>."})
        assert ada.path.startswith("/applications/app_"), ada.text
        path = re.findall(r'href="(/reviews/rev_[^"]+)"', await mei.open("/reviews"))[0]
        shown = await mei.open(path)
        assert "Who &lt;pays&gt;?" in shown
        assert "The &lt;state&gt;." in shown
        _, told = await ask(s, "GET", f"/forms/application?dataset={b.HEART}", ADA)
        assert told["form"] == form.called
        assert {"funder", "commercial"} <= told["schema"]["properties"].keys()
        assert "return_data" not in told["schema"]["properties"]
        wrong = await ask(s, "POST", "/applications", ADA, {**PAPER, "datasets": [b.HEART]})
        assert (wrong[0], wrong[1]["code"]) == (400, "REQ-INVALID")
        done = await ask(
            s, "POST", "/applications", ADA, {**PAPER, "datasets": [b.HEART], "answers": {"funder": "Us."}}
        )
        assert (done[0], done[1]["answers"][0]["text"], done[1]["form"]) == (201, "Us.", form.called)
