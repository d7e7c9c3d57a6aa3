"""The public figures: what is counted, each chart with its table, and nothing small; the same day, the same figures."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.access.cases import CaseKind, CaseStage
from broker.core.access.states import State
from broker.core.equity import SMALL, IncomeGroups
from broker.core.ids import DecisionId, RequestId, made_at, make_id
from broker.core.rows import Case, Request, Row, Trace, UseVolume
from broker.core.time import Seconds
from broker.flows.figures import Figures
from broker.web.state import BROKER
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser
from tests.web.site import Site, site

DAY = 86_400
INCOME = IncomeGroups(year="2026", source="A <list>", groups={"DE": "high", "UG": "low"})
UGANDA = b.organisation(
    id="lake",
    name="Lake",
    scopes=frozenset({"lake.example"}),
    facts=dict(b.RECIPIENT_FACTS) | {"recipient.country": "UG"},
)


def decided(number: int, home: str, *, yes: bool, days: int, at: int = START - 20 * DAY) -> Iterator[Row]:
    decision = DecisionId(make_id("dec", at, number.to_bytes(10, "big")))
    yield b.request(
        id=RequestId(f"req_{number:04}"), state=State.APPROVED if yes else State.REJECTED, decision=decision,
        affiliations=(f"faculty@{home}",), created=Seconds(at - days * DAY), grant=None,
    )  # fmt: skip
    if not yes:
        told = {"explanation": {"why": [{"code": "CON-LEFT-OUT"}]}}
        yield Trace(id=decision, at=Seconds(at), person=b.ADA, body=told)


def year() -> list[Row]:
    """In Germany 30 of 40 approved in 10 days, in Uganda 10 of 30 in 40; one answer of today, one of long ago."""
    rows = [row for n in range(40) for row in decided(n, "rhine.example", yes=n < 30, days=10)]
    rows += [row for n in range(40, 70) for row in decided(n, "lake.example", yes=n < 50, days=40)]
    rows += decided(90, "rhine.example", yes=False, days=1, at=START)
    rows += decided(91, "rhine.example", yes=False, days=1, at=START - 400 * DAY)
    return [UGANDA, *rows]


async def told(s: Site) -> Any:
    return await (await s.http.get("/api/v1/figures")).json()


def counting(s: Site) -> None:
    s.http.app[BROKER].administration.figures.income = INCOME


async def test_past_hole_who_amended_what_was_approved_made_a_yes_of_the_figures_vanish(tmp_path: Path) -> None:
    rows = [
        replace(row, state=State.REPLACED) if isinstance(row, Request) and row.state is State.APPROVED else row
        for row in year()
    ]
    async with site(tmp_path, *rows, grant=None) as s:
        counting(s)
        said = await told(s)
    assert next(line for line in said["applicants"] if line["group"] == "high")["decided"] == 40


@pytest.mark.row("PUB-FIGURES", "WHO-3.4-4", "WHO-P-3", "WHO-3.6-5")
async def test_a_year_is_counted_by_income_group(tmp_path: Path) -> None:
    async with site(tmp_path, *year(), grant=None) as s:
        counting(s)
        said = await told(s)
    lines = {line["group"]: line for line in said["applicants"]}
    assert lines["high"] == {"group": "high", "decided": 40, "share": 75, "median": 10, "slowest": 10, "alarm": False}
    assert lines["low"] == {"group": "low", "decided": 30, "share": 33, "median": 40, "slowest": 40, "alarm": True}
    assert lines["all"]["decided"] == 70
    assert {line["group"]: line["decided"] for line in said["origins"]}["high"] == 70
    assert said["refusals"]["person"] == 30
    assert said["income_groups"] == {"year": "2026", "source": "A <list>", "reviewed_by": None}


@pytest.mark.row("PUB-FIGURES")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_chart_has_its_table_and_needs_no_script(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *year(), grant=None) as s:
        counting(s)
        nobody = Browser(s, "", language)
        shown = await nobody.open("/figures")
        assert nobody.status == 200
    charts = re.findall(r'<div class="chart" role="img" aria-label="([^"]+)">(.*?)</div>', shown, re.DOTALL)
    assert len(charts) == 3
    assert shown.count("<table>") == shown.count("<caption>") == 5
    for label, chart in charts:
        assert f"<caption>{label}</caption>" in shown, "what it shows stands in a table too"
        assert chart.count("<svg") == chart.count("<p>") > 0
        assert "<text" not in chart, "words in a drawing shrink with it"
    assert "A &lt;list&gt;" in shown


@pytest.mark.row("PUB-FIGURES")
async def test_small_figures_are_not_told_and_nobody_is_named(tmp_path: Path) -> None:
    rows = [row for n in range(SMALL - 1) for row in decided(n, "lake.example", yes=n % 2 == 0, days=3)]
    rows += [row for n in range(50, 54) for row in decided(n, "rhine.example", yes=True, days=3)]
    async with site(tmp_path, UGANDA, *rows, grant=None) as s:
        counting(s)
        said = await told(s)
        page = await Browser(s, "").open("/figures")
    groups = [line for line in said["applicants"] if line["group"] != "all"]
    assert {line["decided"] for line in groups} == {0, None}
    assert all(line["share"] is None and line["median"] is None for line in groups)
    assert set(said["refusals"].values()) == {0, None}
    assert f"fewer than {SMALL}" in page
    assert not [name for name in ("usr_ada", "req_0", "Lake", "Why") if name in page]


@pytest.mark.row("PUB-FIGURES", "WHO-3.4-4")
async def test_the_same_month_has_the_same_figures(tmp_path: Path) -> None:
    async with site(tmp_path, *year(), grant=None) as s:
        figures, w = Figures(INCOME), s.stage.world
        first = await figures.of_now(w)
        s.stage.live.committed(
            [row for n in range(200, 260) for row in decided(n, "rhine.example", yes=True, days=1, at=START)]
        )
        assert await figures.of_now(w) is first
        s.stage.clock.advance(10 * DAY)
        assert await figures.of_now(w) is first
        s.stage.clock.advance(30 * DAY)
        later = await figures.of_now(w)
        assert later != first
        assert later == await Figures(INCOME).of_now(w), "made again from the same rows it is the same"


@pytest.mark.row("PUB-FIGURES")
@pytest.mark.parametrize(("new", "seen"), [(1, False), (SMALL - 1, False), (SMALL, True)])
async def test_who_compares_two_months_finds_no_single_case(tmp_path: Path, new: int, seen: bool) -> None:  # noqa: FBT001 (a table)
    """Whoever takes last month's figures off this month's has at least so many cases left, or none."""
    async with site(tmp_path, *year()[:-4], grant=None) as s:
        w = s.stage.world
        before = await Figures(INCOME).of_now(w)
        rows = [row for n in range(300, 300 + new) for row in decided(n, "rhine.example", yes=False, days=1, at=START)]
        s.stage.live.committed(rows, 2)
        s.stage.clock.advance(31 * DAY)
        after = await Figures(INCOME).of_now(w)
        assert (after.applicants != before.applicants) is seen
        assert (after.until > before.until) is seen
        if seen:
            return
        more = [
            row for n in range(400, 410) for row in decided(n, "rhine.example", yes=True, days=1, at=START + 31 * DAY)
        ]
        s.stage.live.committed(more, 3)
        s.stage.clock.advance(31 * DAY)
        whole = {line.group: line.decided for line in (await Figures(INCOME).of_now(w)).applicants}
        assert whole["all"] == 70 + new + 10, "what was held back comes together with others"


async def test_complaints_are_counted_with_how_they_ended(tmp_path: Path) -> None:
    cases = [
        Case(
            id=f"cas_{n}", kind=CaseKind.COMPLAINT, about="", text="t", opened=Seconds(START - 27 * DAY),
            stage=CaseStage.ANSWERED, answered=Seconds(START - 20 * DAY), outcome="upheld",
        )
        for n in range(12)
    ]  # fmt: skip
    async with site(tmp_path, *cases, replace(cases[0], id="cas_x", answered=None)) as s:
        said = (await told(s))["complaints"]
    assert (said["decided"], said["share"], said["slowest"]) == (12, 100, 7)


@pytest.mark.parametrize("at", [0, 1, START, 2**37])
def test_an_id_tells_when_it_was_made(at: int) -> None:
    assert made_at(make_id("dec", at, bytes(10))) == at
    assert made_at("dec_1") is None


@pytest.mark.row("WHO-3.6-2")
@pytest.mark.parametrize(("language", "said"), [("en", "In slices"), ("es", "En partes")])
async def test_what_left_in_whole_files_and_in_slices_is_told_by_year(tmp_path: Path, language: str, said: str) -> None:
    row = UseVolume(id="2026", whole=7 * 10**9, parts=3 * 10**9, again=10**9)
    async with site(tmp_path, row) as s:
        shown = await Browser(s, "", language).open("/figures")
        assert said in shown
        assert re.findall(r"2026</th><td>(\d+)</td><td>(\d+)</td><td>(\d+)</td>", shown) == [("7", "1", "3")]
        told = await (await s.http.get("/api/v1/figures")).json()
        assert told["volumes"] == [{"year": "2026", "whole_gb": 7, "parts_gb": 3, "again_gb": 1}]
