"""What is agreed against stigma is on the page of the data; past its day of review it says so, and people are told."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.adapters.catalogue.safeguards import SafeguardsPart, safeguards
from broker.core.ids import PersonId
from broker.core.notices import Channels
from broker.core.rows import Notice, Person, Role, Row
from broker.core.rows.safeguards import Engagement, StigmaPolicy, Sustainability
from broker.core.safeguards import ENGAGEMENT_YEARS
from broker.core.time import Seconds, day_of
from broker.flows.notices.inbox import inbox
from broker.flows.notices.remind import remind
from broker.flows.world import Caller
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import MEI, Stage, caller, stage
from tests.web.browsing import Browser, browser_session
from tests.web.site import site

DAY = 86_400
TODAY = day_of(START)
SEAT = Role(id="r-root", role="admin", scope="service", iss=b.HOME, sub="root")
ROOT: list[Row] = [
    Person(id=PersonId("usr_root"), log_key="dd" * 32, created=START),
    browser_session("root"),
    SEAT,
]


def dataset(review_on: date, url: str = "") -> Any:
    policy = StigmaPolicy(
        co_authors=("People of the <valley>",), on=date(2025, 1, 1), review_on=review_on, url=url
    )  # fmt: skip
    return b.dataset(safeguards=replace(b.SAFEGUARDS, stigma_policy=policy))


async def shown(folder: Path, row: Any, language: str = "en", name: str = "", *more: Row) -> str:
    async with site(folder, *more, dataset=row) as s:
        return await Browser(s, name, language).open(f"/dataset?{urlencode({'id': b.HEART})}")


@pytest.mark.row("WHO-3.2-4")
@pytest.mark.parametrize(("days", "late"), [(1, False), (0, True), (-1, True)])
@pytest.mark.parametrize(("language", "words"), [("en", "It is out of date"), ("es", "No está al día")])
async def test_a_policy_past_its_review_is_out_of_date_on_the_page_in_words(
    tmp_path: Path,
    days: int,
    late: bool,  # noqa: FBT001
    language: str,
    words: str,
) -> None:
    text = await shown(tmp_path, dataset(TODAY + timedelta(days=days)), language)
    assert "People of the &lt;valley&gt;" in text
    assert (words in text) is late
    assert ('class="wrong"' in text) is late


async def test_that_there_is_none_is_said_too(tmp_path: Path) -> None:
    assert "There is no policy on record" in await shown(tmp_path, b.dataset())


@pytest.mark.parametrize(("url", "linked"), [("https://bank.example/stigma", True), ("javascript:alert(1)", False)])
async def test_only_a_safe_address_becomes_a_link(tmp_path: Path, url: str, linked: bool) -> None:  # noqa: FBT001
    text = await shown(tmp_path, dataset(TODAY + timedelta(days=9), url))
    assert (f'href="{url}"' in text) is linked


async def heard(s: Stage, who: Caller) -> int:
    return [one.notice.what for one in await inbox(s.world, who)].count("reminder.stigma_policy")


@pytest.mark.row("WHO-3.2-4")
async def test_administrators_and_the_custodian_hear_of_it_before_and_after_each_once() -> None:
    due = TODAY + timedelta(days=40)
    s = stage(dataset=dataset(due))
    root = caller(MEI, roles=(SEAT,))
    steward = caller(MEI, roles=(replace(SEAT, role="custodian", scope=f"dataset:{b.HEART}"),))
    told = []
    for days in (0, 1, 11, 34, 41, 45):
        s.clock.time = Seconds(START + days * DAY)
        await remind(s.world, Channels())
        told.append([await heard(s, one) for one in (root, steward, caller())])
    assert told == [[1, 1, 0], [1, 1, 0], [2, 2, 0], [3, 3, 0], [4, 4, 0], [4, 4, 0]]


@pytest.mark.parametrize(
    ("what", "ends", "days"),
    [
        pytest.param("engagement", 70, (9, 10, 63, 70), marks=pytest.mark.row("WHO-3.6-6")),
        pytest.param("funding", 400, (34, 35, 310, 400), marks=pytest.mark.row("WHO-3.6-7")),
    ],
)
async def test_what_a_dataset_needs_by_a_day_is_told_beforehand_each_mark_once(
    what: str, ends: int, days: tuple[int, ...]
) -> None:
    due = TODAY + timedelta(days=ends)
    talk = Engagement(on=due.replace(year=due.year - ENGAGEMENT_YEARS), who="x", summary="x")
    paid = Sustainability(funder="x", until=due, then="x")
    said: Any = {"engagements": (talk,)} if what == "engagement" else {"sustainability": paid}
    s = stage(dataset=b.dataset(safeguards=replace(b.SAFEGUARDS, **said)))
    told = []
    for day in days:
        s.clock.time = Seconds(START + day * DAY)
        await remind(s.world, Channels())
        kept = [one for one in s.ledger.rows.values() if isinstance(one, Notice) and one.to == "admin@service"]
        told.append([one.what for one in kept].count(f"reminder.{what}"))
    assert told == [0, 1, 2, 3]


async def test_the_inbox_leads_to_the_page_and_administration_says_it_too(tmp_path: Path) -> None:
    async with site(tmp_path, *ROOT, dataset=dataset(TODAY)) as s:
        await remind(s.stage.world, Channels())
        root = Browser(s, "root")
        assert f"/dataset?{urlencode({'id': b.HEART})}" in await root.open("/inbox")
        assert "is out of date" in await root.open("/admin/data")


WRONG = [
    {"co_authors": [], "date": "2026-01-01", "review": "2028-01-01"},
    {"co_authors": ["Us"], "date": "2026-01-01", "review": "2026-01-01"},
    {"co_authors": ["Us"], "date": "2026-01-01", "review": "2026-02-30"},
]


@pytest.mark.parametrize("said", WRONG)
def test_a_policy_names_who_wrote_it_with_us_and_a_later_day(said: Any) -> None:
    with pytest.raises(ValueError, match=r"co_authors|review"):
        safeguards(SafeguardsPart.model_validate({"stigma_policy": said}))


def test_what_a_catalogue_says_is_what_is_kept() -> None:
    said = {"co_authors": ["Us"], "date": "2026-01-01", "review": "2028-01-01"}
    wanted = StigmaPolicy(co_authors=("Us",), on=date(2026, 1, 1), review_on=date(2028, 1, 1))
    assert safeguards(SafeguardsPart.model_validate({"stigma_policy": said})).stigma_policy == wanted
