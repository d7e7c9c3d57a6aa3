"""What everybody may read: the rules that really decide, and which projects use the data; and what is not in there."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from broker.core.access.clock import Clock
from broker.core.access.life import Stage
from broker.core.purpose import purpose_json
from broker.core.rows import Application, Grant, Report, Review, Row
from broker.core.rows.applications import Paper
from broker.core.rows.reports import Told
from broker.flows.register import MOST, Place, register
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site
from tests.web.test_workflow_pages import Sound

DAY = 86_400
SECRETS = ("usr_ada", "usr_mei", "Why hearts fail.", "req_1", "grt_1")


def world() -> tuple[Row, ...]:
    paper = Paper(title="Hearts <b>", statement="Why hearts fail.", lay="We study <i>hearts</i>.", purpose=b.PURPOSE)
    application = Application(
        id="app_1", person=b.ADA, papers=(paper,), reviews=("rev_1",), created=START,  # type: ignore[arg-type]
    )  # fmt: skip
    review = Review(
        id="rev_1", application="app_1", committee=b.DAC, requests=("req_1",), stage=Stage.DECIDED,  # type: ignore[arg-type]
        clock=Clock(since=START),
    )  # fmt: skip
    report = Report(
        id="rpt_1", grant=b.GRANT, person=b.ADA, dataset=b.HEART, committee=b.DAC, kind="renewal", at=START,
        told=Told(summary="Secret so far.", publications=("doi:10.1/hearts",)), months=6,
    )  # fmt: skip
    return application, review, report, b.request(review="rev_1")


async def read(s: Site, path: str, **headers: str) -> str:
    answer = await s.http.get(path, headers=headers)
    assert answer.status == 200, path
    text = await answer.text()
    if answer.content_type == "text/html":
        Sound().feed(text)
    return text


async def told(s: Site, path: str) -> Any:
    return await (await s.http.get(f"/api/v1{path}")).json()


@pytest.mark.row("WHO-3.7-1")
async def test_the_rules_that_are_shown_are_those_that_decide(tmp_path: Path) -> None:
    """The hash of what a reader gets is the hash of the pack that the broker judges by, for every pack in force."""
    async with site(tmp_path) as s:
        rules = s.stage.live.current().rulebook
        listed = (await told(s, "/policies"))["policies"]
        assert {one["id"] for one in listed} == {one.id for one in rules.at(START).packs}
        assert listed
        for one in listed:
            whole = await told(s, f"/policies/{one['id']}")
            digest = hashlib.sha256(rfc8785.dumps(whole["rules"])).hexdigest()
            assert digest == whole["digest"] == one["digest"] == rules.digests[one["id"]]


@pytest.mark.row("WHO-3.7-1")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_rule_is_on_the_page_in_its_order_with_what_it_rests_on(tmp_path: Path, language: str) -> None:
    async with site(tmp_path) as s:
        rules = s.stage.live.current().rulebook
        first = await read(s, "/policies", **{"Accept-Language": language})
        for one in rules.at(START).packs:
            pack = rules.packs[one.id]
            assert f"/policies/{pack.id}" in first
            shown = await read(s, f"/policies/{pack.id}", **{"Accept-Language": language})
            assert rules.digests[pack.id] in shown
            places = [shown.index(f"<code>{rule.id}</code>") for rule in pack.rules]
            assert places == sorted(places)
            assert all(rule.reason in shown for rule in pack.rules)
        assert (await s.http.get("/policies/none")).status == 404


@pytest.mark.row("WHO-3.7-3")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_anybody_reads_which_projects_use_the_data_and_nobody_is_named(tmp_path: Path, language: str) -> None:
    grant = b.grant(affiliations=("faculty@rhine.example",))
    async with site(tmp_path, *world(), grant=grant) as s:
        page = await read(s, "/register", **{"Accept-Language": language})
        program = await (await s.http.get("/api/v1/register")).text()
        for said in (page, program):
            assert "Hearts" in said
            assert "doi:10.1/hearts" in said
            assert (b.dataset().title if said is page else b.HEART) in said
            assert b.organisation().name in said
            assert not [secret for secret in (*SECRETS, "Secret so far.") if secret in said]
        assert "&lt;i&gt;hearts" in page


@pytest.mark.row("WHO-3.7-3")
async def test_hidden_data_are_not_in_the_register(tmp_path: Path) -> None:
    async with site(tmp_path, *world(), dataset=b.dataset(existence="hidden")) as s:
        assert (await told(s, "/register"))["projects"] == []
        assert b.HEART not in await read(s, "/register")


@pytest.mark.row("WHO-3.7-3")
async def test_a_request_made_alone_is_there_without_words_and_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        (one,) = (await told(s, "/register"))["projects"]
        assert (one["title"], one["lay"], one["running"]) == ("", "", True)
        page = await read(s, "/register")
        assert "A project without a title" in page
        assert "There is no short description of it" in page


@pytest.mark.row("WHO-3.7-3")
async def test_a_request_made_alone_is_there_with_the_summary_that_it_gave(tmp_path: Path) -> None:
    async with site(tmp_path, grant=None) as s:
        asked = {
            "dataset": b.HEART, "purpose": purpose_json(b.PURPOSE), "statement": "Secret so far.",
            "lay": " Why <i>hearts</i> fail. ",
        }  # fmt: skip
        answer = await s.http.post("/api/v1/requests", headers=s.headers(), json=asked)
        made = await answer.json()
        assert (answer.status, made["lay"]) == (201, "Why <i>hearts</i> fail.")
        assert (await told(s, "/register"))["projects"] == [], "nothing is approved yet"
        body = {"decision": "approve", "ground": "A good project."}
        done = await s.http.post(f"/api/v1/requests/{made['id']}/decision", headers=s.headers("usr_mei"), json=body)
        assert done.status == 200, await done.text()
        (one,) = (await told(s, "/register"))["projects"]
        assert one["lay"] == "Why <i>hearts</i> fail."
        page = await read(s, "/register")
        assert "Why &lt;i&gt;hearts&lt;/i&gt; fail." in page
        assert "There is no short description of it" not in page
        assert "Secret so far." not in page


def many(number: int) -> tuple[Grant, ...]:
    days = range(number)
    return tuple(b.grant(id=f"grt_{n:04}", begins=START - (n // 40) * DAY, ends=START + DAY) for n in days)


@pytest.mark.parametrize("number", [0, 1, MOST - 1, MOST, MOST + 1, 3 * MOST])
def test_page_after_page_every_project_is_there_once(number: int) -> None:
    snapshot = b.snapshot(*many(number), grant=None)
    found, place = register(snapshot, START)
    seen = list(found)
    while place is not None:
        more, place = register(snapshot, START, place)
        seen += more
    assert len(seen) == number
    assert [one.begins for one in seen] == sorted((one.begins for one in seen), reverse=True)


def test_what_is_not_there_yet_is_not_shown_and_a_wild_place_is_no_error() -> None:
    snapshot = b.snapshot(b.grant(id="grt_2", begins=START + 1), grant=None)
    assert register(snapshot, START) == ((), None)
    for place in (Place(0), Place(10**6), Place(START // DAY, 10**6)):
        assert register(snapshot, START, place)[0] == ()


@pytest.mark.parametrize("place", ["x", "1-", "99999999-1", "-1-1", "1-1-1"])
async def test_a_place_that_is_none_is_the_beginning(tmp_path: Path, place: str) -> None:
    async with site(tmp_path, *world()) as s:
        assert re.search("Hearts", await read(s, f"/register?from={place}"))
