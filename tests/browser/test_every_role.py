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
from tests.browser.people import HEART, Person, demo_catalogue, elbe

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
    ira = await sits_down(place, "ira", "/reviews")
    await ira.follows("/reviews/rev_")
    await ira.writes(confirm="Our machines are as it says.")
    await ira.presses("confirm", value="yes")
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
    await ada.reads(TIDELAND, "In force", "Name the community whose data these are.")
    assert "at this moment" not in await ada.at.text()
    grant = ada.at.path
    await eli.at.open("/community")
    await _says(eli, "undecided")
    await ada.at.open(grant)
    await ada.reads("It opens nothing at this moment.", "left out for reasons of consent")
    eve = await sits_down(place, "eve", "/admin/log")
    await eve.reads("A committee approved a request", "A member of a committee voted")
    assert await eve.at.page.locator('a[href^="/audit/receipts/"]').count() > 5


async def test_a_home_organisation_is_connected_by_hand(place: tuple[str, Chromium]) -> None:
    issuer, browser = place
    nia = await Person.sits_down(browser, issuer, "nia")
    await nia.at.open("/sign-in")
    await nia.at.page.click('a[href^="/sign-in/home"]')
    await nia.at.open(nia.at.page.url.partition("/home")[0] + "/college")
    said = dict(zip(*[await nia.at.page.locator(name).all_inner_texts() for name in ("dt", "dd")], strict=True))
    olga = await sits_down(place, "olga", "/admin")
    await olga.at.press('main a[href="/admin/idps"]')
    await olga.writes(issuer=said["Our address"])
    await olga.at.write("#name", "Fjord College")
    await olga.writes(slug="college", scopes=said["The domain of our people"], client_id=said["Your client id"])
    await olga.presses(value="look")
    await olga.reads("unless you say below that it is inside our own network")
    await olga.ticks("internal", "yes")
    await olga.presses(value="look")
    await olga.reads("Nothing was refused.", said["Where we send people back to"])
    await olga.writes(client_secret=said["Your secret"])
    await olga.presses(value="agree")
    await olga.reads("Fjord College", "In use")
    row = await olga.at.page.get_attribute('main a[href$="/change"]', "href")
    await nia.at.open("/sign-in?return_to=/me")
    await nia.reads("Fjord College")
    await nia.at.page.click('a[href^="/sign-in/college"]')
    await nia.at.press('button[value="nia"]')
    await nia.at.open("/me")
    await nia.reads("fjord-college.example")
    await olga.at.open(str(row).removesuffix("/change"))
    await olga.reads("Sign-ins that last: 1")
    await olga.writes(**{"ground-suspend": "Their keys are in other hands."})
    await olga.presses("suspend")
    await olga.reads("Suspended", "you", "Their keys are in other hands.")
    await nia.at.open("/me")
    assert nia.at.path.startswith("/sign-in"), await nia.at.text()


async def test_a_no_goes_to_the_panel_and_back_to_the_committee_by_keyboard(place: tuple[str, Chromium]) -> None:
    ada = await sits_down(place, "ada", f"/applications/new?dataset={HEART}")
    await _applies(ada, "Elbe heart cohort")
    application = ada.at.path
    mei = await sits_down(place, "mei", "/reviews")
    await mei.follows("/reviews/rev_")
    review = mei.at.path
    for side in SIDES:
        await mei.at.write(f'textarea[name="{side}"]', "Weighed by us.")
    await mei.presses("assess")
    await mei.at.write('form:has([value="decide"]) textarea[name="ground"]', "We have enough of this.")
    await mei.presses("decide", value="reject")
    await ada.at.open(application)
    await ada.at.tab_to('select[name="kind"]')
    await ada.at.page.keyboard.press("ArrowDown")
    await ada.at.write('form:has([value="challenge"]) textarea', "Nobody has asked this before.")
    await ada.presses("challenge")
    await ada.reads("Appeal, to a panel", "Elbe heart cohort", "has arrived")
    pat = await sits_down(place, "pat", "/cases")
    await pat.presses("acknowledge")
    await pat.at.write('form:has([value="answer"]) textarea', "It is a new question.")
    await pat.presses("answer")
    await pat.reads("“Answer” is still empty.")
    await pat.chooses("outcome", "upheld")
    await pat.presses("answer")
    await pat.reads("you are right", "It is a new question.")
    await mei.at.open(review)
    await mei.reads("Not answered yet")
    assert [one.at.complaints for one in (ada, mei, pat)] == [[], [], []]


async def test_a_participant_chooses_pauses_and_takes_back_by_keyboard(place: tuple[str, Chromium]) -> None:
    noa = await sits_down(place, "noa", "/my-data")
    await noa.follows("/my-data/consents/")
    consent = noa.at.path
    await noa.at.tab_to('select[name="answer:commercial_use"]')
    await noa.at.page.keyboard.type("No")
    await noa.ticks("limit:hosting", "yes")
    await noa.at.write("#hosting", "Germny")
    await noa.presses("choose")
    await noa.reads("“Germny” is no country of the list.")
    await noa.at.write("#hosting", "Germany")
    await noa.presses("choose")
    await noa.reads("You said no to commercial use.", "Germany")
    await noa.presses("pause")
    await noa.reads("It is paused")
    await noa.presses("resume")
    await noa.follows(f"{consent}/receipt")
    await noa.at.open("/my-data")
    await noa.at.write("#text", "Who pays for this study?")
    await noa.presses("ask")
    await noa.reads("Who pays for this study?", "The answer comes by")
    mei = await sits_down(place, "mei", "/cases")
    await mei.at.write('form:has([value="answer"]) textarea', "The biobank does.")
    await mei.presses("answer")
    assert "noa" not in (await mei.at.text()).lower()
    await noa.at.open("/my-data")
    await noa.reads("The biobank does.")
    await noa.at.open("/my-data/withdrawal")
    await noa.chooses("kind", "no_further_contact")
    await noa.presses()
    await noa.at.open(consent)
    await noa.reads("Nobody contacts you any more.")
    assert noa.at.complaints == []


async def _applies(ada: Person, data: str = "Tideland families, whole genomes") -> None:
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
    await ada.reads(data)
    await ada.presses(value="submit")
    assert ada.at.path.startswith("/applications/app_"), await ada.at.text()


async def _says(eli: Person, word: str) -> None:
    await eli.at.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    async with eli.at.page.expect_navigation(wait_until="load"):
        await eli.at.page.click(f'form:has(input[name="word"][value="{word}"]) button')
    assert await eli.at.page.locator('[role="alert"]').count() == 0, await eli.at.text()
