"""What people can do: told before they need it, with the days that hold, and what the law of each place gives besides."""

import re
from pathlib import Path

import pytest

from broker.adapters.rights import load_rights
from broker.core.access.cases import ACKNOWLEDGED_WITHIN, ANSWERED_WITHIN, CHALLENGE_DAYS
from tests.builders import CONFIG
from tests.web.browsing import Browser
from tests.web.site import site

WRITTEN = ("2016/679", "Art 17", "Art 77", "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en")


@pytest.mark.row("WHO-3.7-4")
@pytest.mark.parametrize(("language", "unreviewed"), [("en", "No lawyer has"), ("es", "Ningún jurista")])
async def test_everybody_reads_their_rights_with_the_days_that_hold(
    tmp_path: Path, language: str, unreviewed: str
) -> None:
    async with site(tmp_path) as s:
        reader = Browser(s, "", language)
        text = await reader.open("/rights")
        told = [int(days) for days in re.findall(r"(\d+) (?:working )?(?:days|días)", text)]
        again, appeal, complaint, question = (days for days, _ in ANSWERED_WITHIN.values())
        assert told[:6] == [question, CHALLENGE_DAYS, again, appeal, ACKNOWLEDGED_WITHIN, complaint]
        assert unreviewed in text
        for written in WRITTEN:
            assert written in text
        assert "inforegulator.org.za" not in text, "no rules of that place are in force"
        for link in set(reader.links("/")):
            if link in {"/complain", "/policies", "/register"}:
                await reader.open(link)
                assert reader.status == 200, link


@pytest.mark.row("WHO-3.7-4")
def test_a_place_whose_law_nobody_wrote_down_is_named_and_others_are_not_there() -> None:
    rights = load_rights(CONFIG / "rights.yaml")
    places = ["EU", "US", "ZA"]
    assert list(rights.written(places)) == ["EU", "ZA"]
    assert rights.unwritten(places) == ["US"]


@pytest.mark.row("WHO-3.7-4")
async def test_every_page_leads_to_the_rights(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        for path in ("/datasets", "/complain", "/dataset?id=none"):
            reader = Browser(s, "")
            await reader.open(path)
            assert "/rights" in reader.links("/rights"), path
