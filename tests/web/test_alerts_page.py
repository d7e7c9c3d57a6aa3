"""Unusual uses by the page and over the API: what was found, and what somebody says that it was."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Alert, Person, Put, Role, Row
from broker.core.rows.uses import RULES
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

ALERT = Alert(
    id="alt_1", grant=b.GRANT, dataset=b.HEART, rule="bytes_a_day", day=20_000, found=300, limit=200, raised=START
)
ROLES = {"mei": f"committee:{b.DAC}", "eve": "service"}


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    rows: list[Row] = [
        Role(id="r-mei", role="committee_member", scope=ROLES["mei"], iss=b.HOME, sub="mei"),
        Role(id="r-eve", role="auditor", scope="service", iss=b.HOME, sub="eve"),
        *(Person(id=PersonId(f"usr_{one}"), log_key="dd" * 32, created=START) for one in ("eve", "sam")),
        *(browser_session(one) for one in ("mei", "eve", "sam", "ada")),
    ]
    async with site(tmp_path, *rows, dataset=b.dataset(title="<b>Heart</b>")) as made:
        world = made.stage.world
        for rule in RULES:
            row = replace(ALERT, id=f"alt_{rule}", rule=rule, countries=("FR",) if rule == "elsewhere" else ())
            await world.ledger.record(world.entry("alert.raised", START, None), Put(row))
        yield made


@pytest.mark.row("USE-TOLD")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_committee_reads_what_was_found_and_says_what_it_was(s: Site, language: str) -> None:
    mei = Browser(s, "mei", language)
    await mei.open("/inbox")
    shown = await mei.open(mei.links("/alerts")[0])
    assert "&lt;b&gt;Heart" in shown
    assert ("Found: 300. Limit: 200." if language == "en" else "Encontrado: 300. Límite: 200.") in shown
    assert shown.count("<form") >= len(RULES)
    await mei.send("/alerts", alert="alt_elsewhere", ground=" ")
    assert mei.status == 409
    await mei.send("/alerts", alert="alt_elsewhere", ground="She is at a <i>conference</i>.")
    assert "at a &lt;i&gt;conference" in mei.text
    assert s.stage.kinds()[-1] == "alert.closed"
    await mei.send("/alerts", alert="alt_elsewhere", ground="Something else.")
    assert mei.status == 409, "a form of before says nothing anew"
    assert s.stage.kinds().count("alert.closed") == 1
    await mei.send("/alerts", token="another's", alert="alt_bytes_a_day", ground="Fine.")
    assert mei.status == 400


@pytest.mark.row("USE-TOLD")
async def test_an_auditor_reads_and_others_see_nothing(s: Site) -> None:
    eve = Browser(s, "eve")
    shown = await eve.open("/alerts")
    assert "Heart" in shown
    assert "<textarea" not in shown
    for name in ("ada", "sam"):
        one = Browser(s, name)
        assert "Heart" not in await one.open("/alerts")
        await one.open("/inbox")
        assert not one.links("/alerts")
        await one.send("/alerts", alert="alt_elsewhere", ground="Fine.")
        assert one.status == 409
    assert "alert.closed" not in s.stage.kinds()


async def call(s: Site, method: str, path: str, by: str, **more: Any) -> tuple[int, Any]:
    answer = await s.http.request(method, f"/api/v1/alerts{path}", headers=s.headers(by) | more.pop("h", {}), **more)
    return answer.status, await answer.json()


@pytest.mark.row("USE-TOLD")
async def test_a_program_of_the_committee_reads_and_closes_and_nobody_else_does(s: Site) -> None:
    status, told = await call(s, "GET", "", "usr_mei")
    assert status == 200
    assert {one["rule"]: one["may"] for one in told["alerts"]} == {rule: ["close"] for rule in RULES}
    assert {(one["grant"], one["found"], one["limit"], one["state"]) for one in told["alerts"]} == {
        (b.GRANT, 300, 200, "open")
    }
    for stranger in ("usr_ada", "usr_pia"):
        assert (await call(s, "GET", "", stranger))[1] == {"alerts": []}
        status, no = await call(s, "POST", "/alt_elsewhere/closing", stranger, json={"ground": "Fine."})
        assert (status, no["code"]) == (404, "REQ-NOT-FOUND")
    assert "alert.closed" not in s.stage.kinds()
    path = "/alt_elsewhere/closing"
    for wrong in ({}, {"ground": ""}, {"ground": "x" * 2_001}, {"ground": "x", "state": "open"}):
        assert (await call(s, "POST", path, "usr_mei", json=wrong))[0] == 400
    assert (await call(s, "POST", path, "usr_mei", json={"ground": " "}))[0] in (400, 422)
    again = {"Idempotency-Key": "k-1"}
    first = await call(s, "POST", path, "usr_mei", json={"ground": "A conference."}, h=again)
    assert (first[0], first[1]["state"], first[1]["ground"]) == (200, "closed", "A conference.")
    assert await call(s, "POST", path, "usr_mei", json={"ground": "A conference."}, h=again) == first
    assert (await call(s, "POST", path, "usr_mei", json={"ground": "Another."}))[1]["code"] == "REQ-STATE"
    assert s.stage.kinds().count("alert.closed") == 1
