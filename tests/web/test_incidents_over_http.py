"""Incidents by API and by pages."""

import re
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.incidents import IncidentCommand, IncidentStage
from broker.core.rows import Incident, Role
from broker.core.rows.incidents import Taken
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site
from tests.web.test_workflow_pages import Browser, Sound, rows

ADA, MEI = "usr_ada", "usr_mei"


async def call(s: Site, method: str, path: str, by: str, body: Any = None) -> tuple[int, Any]:
    answer = await s.http.request(method, f"/api/v1{path}", headers=s.headers(by), json=body)
    return answer.status, await answer.json()


@pytest.mark.row("WHO-3.8-3")
async def test_an_incident_by_programs(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        body = {"dataset": b.HEART, "text": "A laptop was stolen.", "noticed": "2027-01-14T10:00:00Z"}
        assert (await call(s, "POST", "/incidents", ADA, body | {"noticed": "soon"}))[0] == 400
        status, made = await call(s, "POST", "/incidents", ADA, body)
        assert (status, made["stage"], made["may"]) == (201, "reported", ["see"])
        path = f"/incidents/{made['id']}"
        assert (await call(s, "POST", f"{path}/steps", ADA, {"step": "investigate", "text": "Me."}))[0] == 403
        assert (await call(s, "POST", f"{path}/freeze", MEI, {"grants": [], "text": "x"}))[0] == 400
        status, told = await call(s, "POST", f"{path}/freeze", MEI, {"grants": [b.GRANT], "text": "Hers."})
        assert (status, told["frozen"]) == (200, [b.GRANT])
        assert (await call(s, "GET", f"/grants/{b.GRANT}", ADA))[1]["stage"] == "suspended"
        for step in ("investigate", "decide", "inform", "publish"):
            status, told = await call(s, "POST", f"{path}/steps", MEI, {"step": step, "text": f"{step}ed."})
            assert status == 200
        _, mine = await call(s, "GET", "/me/incidents", ADA)
        assert [(one["may"], one["taken"]) for one in mine["incidents"]] == [(["see"], [])], "she reported it"
        everybody = await (await s.http.get("/api/v1/incidents")).json()
        assert [one["text"] for one in everybody["incidents"]] == ["published."]
        assert MEI not in str(everybody)


@pytest.mark.row("WHO-3.8-3")
@pytest.mark.parametrize(("language", "title"), [("en", "<h1>Incidents</h1>"), ("es", "<h1>Incidentes</h1>")])
async def test_an_incident_by_pages(tmp_path: Path, language: str, title: str) -> None:
    role = Role(id="r-lee", role="committee_member", scope=f"committee:{b.DAC}", iss=b.HOME, sub="lee")
    async with site(tmp_path, *rows(), role) as s:
        lee, ada = Browser(s, "lee"), Browser(s, "ada")
        assert title in await ada.open("/incidents", **{"Accept-Language": language})
        shown = await ada.send(
            "/incidents", do="report", dataset=b.HEART, text="Lost <b>disk</b>.", noticed="yesterday"
        )
        assert ada.status == 409
        assert "Lost &lt;b&gt;disk" in shown, "nothing typed is lost"
        await ada.send("/incidents", do="report", dataset=b.HEART, text="Lost disk.", noticed="2027-01-14")
        assert ada.status == 200
        shown = await lee.open("/incidents")
        number = re.findall(r'name="incident" value="(inc_[^"]+)"', shown)[0]
        await lee.send("/incidents", do="freeze", incident=number, grants=str(b.GRANT), text="Hers.")
        for step in ("investigate", "decide", "inform", "publish"):
            await lee.open("/incidents")
            await lee.send("/incidents", do=step, incident=number, text=f"{step}: a disk was found.")
            assert lee.status == 200
        public = await (await s.http.get("/incidents")).text()
        Sound().feed(public)
        assert "publish: a disk was found." in public
        assert "Lost disk." not in public
        await lee.open("/incidents")
        await lee.send("/incidents", do="nonsense", incident=number)
        assert lee.status == 409


async def test_incidents_of_hidden_data_are_not_published(tmp_path: Path) -> None:
    said = Taken(command=IncidentCommand.PUBLISH, person=b.ADA, text="Hidden things.", at=START)
    row = Incident(
        id="inc_1", dataset=b.HEART, reporter=b.ADA, text="x", noticed=START, reported=Seconds(START),
        stage=IncidentStage.PUBLISHED, taken=(said,),
    )  # fmt: skip
    for existence, there in (("listed", True), ("hidden", False)):
        (folder := tmp_path / existence).mkdir()
        async with site(folder, row, dataset=b.dataset(existence=existence)) as s:
            assert ("Hidden things." in await (await s.http.get("/api/v1/incidents")).text()) is there
            assert ("Hidden things." in await (await s.http.get("/incidents")).text()) is there
