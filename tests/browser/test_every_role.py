"""docs/tutorial/every-role.md, as it stands there: on the demo's catalogue, by pages alone and without a script."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from broker.demo.data import make_files
from broker.demo.people import PERSONAS
from tests.browser.chromium import chromium
from tests.browser.people import Person, demo_catalogue, elbe

pytestmark = [pytest.mark.row("PAG-ROLES"), pytest.mark.asyncio(loop_scope="session")]

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "every-role.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| [^|]+ \| `(/[^`]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
PUBLIC = re.findall(r"`(/\w+)`", PAGE[PAGE.index("Without signing in") : PAGE.index("## An application")])
TIDELAND = "https://elbe-biobank.example/datasets/tideland"
NEW = f"/applications/new?dataset={TIDELAND}"
SIDES = ("risk_of_use", "risk_of_non_use", "benefit", "to_whom")


def _whole(issuer: str, idp: str, data: Path) -> dict[str, Any]:
    data.mkdir(parents=True)
    make_files(data)
    return demo_catalogue(issuer, idp, data)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Chromium]]:
    async with elbe(tmp_path_factory.mktemp("roles"), _whole) as issuer, chromium(driver) as browser:
        yield issuer, browser


async def sits_down(place: tuple[str, Chromium], name: str, at: str) -> Person:
    """Signed in, and where they were going."""
    issuer, browser = place
    one = await Person.sits_down(browser, issuer, name)
    await one.at.open(f"/sign-in?return_to={at}")
    door = next(each.issuer for each in PERSONAS if each.id == name)
    await one.at.page.click(f'a[href^="/sign-in/{door}"]')
    await one.at.page.click(f'button[value="{name}"]')
    await one.at.open(at)
    return one


async def test_the_page_names_everybody_who_can_sign_in() -> None:
    assert {who for who, _, _ in ROWS} == {one.id for one in PERSONAS}
    assert len(PUBLIC) > 5


@pytest.mark.parametrize(("who", "path", "stands"), ROWS, ids=[who for who, _, _ in ROWS])
async def test_everybody_has_a_page_of_their_own(place: tuple[str, Chromium], who: str, path: str, stands: str) -> None:
    one = await sits_down(place, who, path)
    assert await one.at.page.inner_text("h1") == stands.strip()
    assert await one.at.page.locator(f'nav a[href="{path}"], main a[href^="{path}"]').count() or path.count("/") > 1
    await one.at.page.context.close()


async def test_everybody_reads_the_public_pages(place: tuple[str, Chromium]) -> None:
    issuer, browser = place
    one = await Person.sits_down(browser, issuer, "nobody")
    for path in PUBLIC:
        assert (await one.at.open(path)).status == 200, path


async def test_an_application_goes_through_all_hands(place: tuple[str, Chromium]) -> None:
    ada = await sits_down(place, "ada", NEW)
    await _applies(ada)
    sam = await sits_down(place, "sam", "/reviews")
    await sam.follows("/reviews/rev_")
    await sam.writes(endorse="She works here.")
    await sam.presses("endorse", value="yes")
    eli = await sits_down(place, "eli", "/community")
    await eli.reads("Tideland", "Why hearts go with the tides.")
    await _says(eli, "approved")
    mei, lee = [await sits_down(place, name, "/reviews") for name in ("mei", "lee")]
    for one in (mei, lee):
        await one.follows("/reviews/rev_")
    for side in SIDES:
        await mei.at.page.fill(f'textarea[name="{side}"]', "Weighed by us.")
    await mei.presses("assess")
    for one in (mei, lee):
        await one.at.open(mei.at.path)
        await one.at.page.check('input[name="choice"][value="yes"]')
        await one.at.page.fill('form:has([value="vote"]) textarea[name="ground"]', "Good for the families.")
        await one.presses("vote")
    await lee.at.page.fill('form:has([value="decide"]) textarea[name="ground"]', "Both of us say yes.")
    await lee.presses("decide", value="approve")
    await lee.reads("Both of us say yes.")
    await ada.at.open("/grants")
    await ada.follows("/grants/")
    await ada.reads(TIDELAND, "in force", "Name the community whose data these are.")
    assert "at this moment" not in await ada.at.text()
    grant = ada.at.path
    await eli.at.open("/community")
    await _says(eli, "undecided")
    await ada.at.open(grant)
    await ada.reads("It opens nothing at this moment.", "left out for reasons of consent")
    eve = await sits_down(place, "eve", "/admin/log")
    await eve.reads("A committee approved a request", "A member of a committee voted")
    assert await eve.at.page.locator('a[href^="/audit/receipts/"]').count() > 5


async def _applies(ada: Person) -> None:
    page = ada.at.page
    for field, text in {
        "title": "Tides and hearts",
        "statement": "Why.",
        "lay": "Why hearts go with the tides.",
        "benefit": "Health.",
    }.items():
        await page.fill(f"#{field}", text)
    for name, value in {
        "organisation": "non_profit", "commercial": "no", "clinical_care": "no", "linkage": "no", "recontact": "no",
        "ai_use": "none",
    }.items():  # fmt: skip
        if await page.locator(f'input[name="{name}"][value="{value}"]').count():
            await page.check(f'input[name="{name}"][value="{value}"]')
    await page.check('input[name="kinds"][value="hmb"]')
    await page.check('input[name="no_topics"]')
    await page.fill("#months", "6")
    await page.fill("#countries", "Germany")
    await ada.presses(value="check")
    await ada.reads("Tideland families, whole genomes")
    await ada.presses(value="submit")
    assert ada.at.path.startswith("/applications/app_"), await ada.at.text()


async def _says(eli: Person, word: str) -> None:
    await eli.at.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    async with eli.at.page.expect_navigation(wait_until="load"):
        await eli.at.page.click(f'form:has(input[name="word"][value="{word}"]) button')
    assert await eli.at.page.locator('[role="alert"]').count() == 0, await eli.at.text()
