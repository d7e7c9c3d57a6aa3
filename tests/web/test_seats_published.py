"""The public page of figures tells who sits in the committees, for whom; who runs the broker hears of vacancies."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.figures import figures_of
from broker.core.equity import SMALL
from broker.core.ids import DatasetId, ObjectId, PersonId, SubjectRef
from broker.core.notices import Channels
from broker.core.rows import Committee, Person, Role, Row
from broker.flows.notices.inbox import inbox
from broker.flows.notices.remind import remind
from tests import builders as b
from tests.desk import people as staff
from tests.desk import who
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, site

LAKE = DatasetId("https://bank.example/datasets/lake")
HIDDEN = DatasetId("https://bank.example/datasets/hidden")
VALLEY = SubjectRef("com_valley")


def holdings(of_lake: int, *, seats: tuple[str | None, ...] = ()) -> list[Row]:
    """A hundred people of Germany, some of Uganda, and a hidden dataset of Peru before a committee of its own."""
    made: list[Row] = [b.drs_object(ObjectId("germans"), tuple(SubjectRef(f"de_{n}") for n in range(100)))]
    for id, place, extra in (
        (LAKE, "UG", {}),
        (HIDDEN, "PE", {"existence": "hidden", "committee": "https://secret.example"}),
    ):
        facts = dict(b.dataset().facts) | {"data.origin_countries": (place,)}
        more: dict[str, Any] = extra
        made.append(replace(b.dataset(), id=id, facts=facts, **more))
        subjects = tuple(SubjectRef(f"{place}_{n}") for n in range(of_lake))
        made.append(replace(b.drs_object(ObjectId(f"o-{place}"), subjects), dataset=id))
    made.append(Committee(id="https://secret.example", name="Secret", contact="nobody"))
    for n, seat in enumerate(seats):
        made.append(
            Role(id=f"s-{n}", role="committee_member", scope=f"committee:{b.DAC}", iss=b.HOME, sub=f"m{n}", seat=seat)
        )
    return [*made, Person(id=PersonId("usr_eli"), log_key="ee" * 32, created=START)]


async def told(s: Site) -> Any:
    return (await (await s.http.get("/api/v1/figures")).json())["representation"]


@pytest.mark.row("WHO-3.4-1")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_everybody_reads_who_sits_and_for_whom_nobody_does(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *holdings(50, seats=("lay", "expert", "origin:DE", None)), role=None) as s:
        nobody = Browser(s, "", language)
        shown = await nobody.open("/figures")
        found = await told(s)
        lake = next(one for one in found["places"] if one["place"] == "UG")
        home = next(one for one in found["places"] if one["place"] == "DE")
        assert (lake["seats"], lake["vacant"], home["seats"], home["vacant"]) == (0, True, 1, False)
        assert 30 < lake["share"] < 35
        (committee,) = found["committees"]
        assert committee["seats"] == {"expert": 1, "lay": 1, "community": 0, "origin": 1, "none": 1}
        section = shown[shown.rindex('<div class="chart"') :]
        assert section.count("<strong>") == 1, "one is told to have no seat"
        for one in found["places"]:
            named = figures_of(language).place(one["place"])
            assert named in section[: section.index("<table>")], "each bar of the chart is a row of the table"
        assert len(re.findall(r'<th scope="row">', section[: section.index("</table>")])) == len(found["places"])
        assert "Secret" not in shown
        assert ">PE<" not in shown
        assert "PE" not in str(found)


@pytest.mark.row("WHO-3.4-1")
async def test_of_few_people_nothing_is_told_and_the_administrator_hears_of_them(tmp_path: Path) -> None:
    few = [row for row in holdings(SMALL - 1) if row.id != "germans"]
    async with site(tmp_path, *few, *staff(), browser_session("root")) as s:
        lake = next(one for one in (await told(s))["places"] if one["place"] == "UG")
        assert (lake["share"], lake["vacant"]) == (None, False)
        assert "Nobody sits for them" not in await Browser(s, "").open("/figures")
        await remind(s.stage.world, Channels())
        heard = {one.notice.about for one in await inbox(s.stage.world, who("root")) if one.topic == "seat"}
        assert heard == {"origin:UG", "origin:DE"}
        assert not [one for one in await inbox(s.stage.world, who("sam")) if one.topic == "seat"]
        shown = await Browser(s, "root").open("/admin/running")
        assert ("Uganda" in shown, "origin:UG" in shown) == (True, False)
        before = len(await inbox(s.stage.world, who("root")))
        s.stage.clock.advance(86_400)
        await remind(s.stage.world, Channels())
        assert len(await inbox(s.stage.world, who("root"))) == before, "once a month"


@pytest.mark.row("WHO-3.4-1")
async def test_a_seat_elsewhere_is_none_and_a_community_is_counted(tmp_path: Path) -> None:
    elsewhere = Role(
        id="x", role="committee_member", scope="committee:https://secret.example", iss=b.HOME, sub="x", seat="origin:UG"
    )
    governs = b.consent(VALLEY, consent_id="com", level="community")
    async with site(tmp_path, *holdings(50), elsewhere, governs, *staff(), browser_session("root")) as s:
        found = await told(s)
        lake = next(one for one in found["places"] if one["place"] == "UG")
        assert (lake["seats"], found["communities"]) == (0, None), "one community is too few to be told"
        assert VALLEY not in str(found)
        shown = await Browser(s, "root").open("/admin/running")
        assert "a community that decides about Heart" in shown
        assert VALLEY not in shown, "its pseudonym is for who speaks for it"
