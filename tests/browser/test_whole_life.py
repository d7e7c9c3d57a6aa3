"""The whole life of an application: four people at once, each before a browser, by keyboard alone and without a script.

Sign-in, draft, endorsement, question, new version, votes, decision, terms, download, renewal, end.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from tests.browser.chromium import chromium
from tests.browser.people import HEART, Person, downloaded, elbe
from tests.web.site import CONTENT

TEXT = "We look at the rhythm of hearts, and why it fails."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Chromium]]:
    async with elbe(tmp_path_factory.mktemp("elbe")) as issuer, chromium(driver) as browser:
        yield issuer, browser


@pytest.mark.row("PAG-LIFE", "WHO-P-11")
@pytest.mark.asyncio(loop_scope="session")
async def test_from_a_draft_to_the_end_by_pages_and_keys_alone(place: tuple[str, Chromium]) -> None:
    issuer, browser = place
    ada, bao, mei, olga = [await Person.sits_down(browser, issuer, name) for name in ("ada", "bao", "mei", "olga")]
    application = await applies(ada)
    await endorses(bao)
    review = await asks_back(mei)
    await answers(ada, application)
    await endorses(bao)
    await decides(mei, olga, review)
    grant = await accepts(ada, application)
    assert await downloaded(issuer, "ada") == (200, CONTENT)
    assert (await downloaded(issuer, "bao"))[0] == 403
    await finds_the_receipt(ada)
    await goes_on(ada, olga, grant)
    await ends(ada, grant)
    assert (await downloaded(issuer, "ada"))[0] == 403
    assert [one.at.complaints for one in (ada, bao, mei, olga)] == [[], [], [], []]


async def applies(ada: Person) -> str:
    await ada.at.open("/")
    await ada.goes("/datasets")
    await ada.follows("/dataset?")
    await ada.follows("/applications/new?")
    await ada.signs_in()
    assert await ada.at.page.is_checked(f'[name="datasets"][value="{HEART}"]'), (
        "what was chosen before signing in is still chosen"
    )
    await ada.writes(title="Rhythm", statement=TEXT)
    await ada.presses(value="save")
    await ada.goes("/applications")
    await ada.follows("/applications/new?draft=")
    assert await ada.at.page.input_value("#statement") == TEXT
    await ada.writes(lay="Why hearts stumble.", benefit="Fewer do.")
    await ada.chooses("organisation", "non_profit")
    for name, value in {
        "commercial": "no",
        "clinical_care": "no",
        "linkage": "no",
        "recontact": "no",
    }.items():
        await ada.chooses(name, value)
    await ada.ticks("kinds", "hmb")
    await ada.writes(countries="DE")
    assert not await ada.at.page.query_selector('[name="return_data"]'), "no code of these data asks for it"
    await ada.ticks("no_topics", "yes")
    await ada.chooses("ai_use", "none")
    await ada.writes(months="6")
    await ada.presses(value="check")
    await ada.reads("Elbe heart cohort, whole genomes")
    await ada.presses(value="submit")
    assert ada.at.path.startswith("/applications/app_"), await ada.at.text()
    return ada.at.path


async def endorses(bao: Person) -> None:
    await bao.at.open("/reviews")
    if "/sign-in" in bao.at.path:
        await bao.signs_in()
    await bao.follows("/reviews/rev_")
    await bao.writes(endorse="She works here.")
    await bao.presses("endorse", value="yes")


async def asks_back(mei: Person) -> str:
    await mei.at.open("/reviews")
    await mei.signs_in()
    await mei.follows("/reviews/rev_")
    await mei.reads(TEXT)
    await mei.writes(**{"return": "Whose hearts?"})
    await mei.presses("return")
    return mei.at.path


async def answers(ada: Person, application: str) -> None:
    await ada.goes("/inbox")
    await ada.goes("/applications")
    await ada.follows("/applications/app_")
    await ada.reads("Whose hearts?")
    await ada.follows(f"{application}/edit")
    await ada.writes(statement=f"{TEXT} Of everybody.")
    await ada.presses(value="submit")
    assert ada.at.path == application, await ada.at.text()


async def decides(mei: Person, olga: Person, review: str) -> None:
    await olga.at.open(review)
    await olga.signs_in()
    await mei.at.open(review)
    await mei.reads("Of everybody.")
    for side, text in {
        "risk_of_use": "Little.",
        "risk_of_non_use": "Much.",
        "benefit": "Health.",
        "to_whom": "All.",
    }.items():
        await mei.at.write(f'textarea[name="{side}"]', text)
    await mei.presses("assess")
    for member in (mei, olga):
        await member.at.open(review)
        await member.chooses("choice", "yes")
        await member.at.write('form:has([value="vote"]) textarea[name="ground"]', "It is good.")
        await member.presses("vote")
    await olga.at.write('form:has([value="decide"]) textarea[name="ground"]', "Two of two.")
    await olga.presses("decide", value="approve")
    await olga.reads("Two of two.")


async def accepts(ada: Person, application: str) -> str:
    await ada.at.open(application)
    await ada.reads("Two of two.")
    await ada.goes("/grants")
    await ada.follows("/grants/")
    await ada.ticks("accepted", "yes")
    await ada.presses("accept")
    assert await ada.at.page.locator('input[name="accepted"]').count() == 0
    return ada.at.path


async def finds_the_receipt(ada: Person) -> None:
    await ada.goes("/me")
    await ada.reads("DEMO0001.bam")
    await ada.follows("/audit/receipts/")
    await ada.at.page.go_back()


async def goes_on(ada: Person, olga: Person, grant: str) -> None:
    await ada.at.open(grant)
    await ada.writes(months="12", **{"renew-summary": "It stumbles less."})
    await ada.writes(**{"renew-none_yet": "It is in review."})
    await ada.at.tab_to('form:has([value="renew"]) input[name="none_signed"]')
    await ada.at.page.keyboard.press("Space")
    await ada.presses("renew")
    assert await ada.at.page.locator('[role="alert"]').count() == 0, await ada.at.text()
    await olga.goes("/renewals")
    await olga.follows(grant)
    await olga.reads("It stumbles less.")
    await olga.writes(**{"answer-ground": "Go on."})
    await olga.presses("answer", value="extend")
    await ada.at.open(grant)
    await ada.reads("Go on.")


async def ends(ada: Person, grant: str) -> None:
    await ada.at.open(grant)
    await ada.writes(**{"close-summary": "It stumbles no more."})
    await ada.writes(**{"close-none_yet": "It is in review."})
    await ada.at.tab_to('form:has([value="close"]) input[name="none_signed"]')
    await ada.at.page.keyboard.press("Space")
    await ada.writes(**{"close-destroyed": "All copies, by the wheel."})
    await ada.ticks("attested", "yes")
    await ada.presses("close")
    assert await ada.at.page.locator('form:has([value="close"])').count() == 0, await ada.at.text()


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_the_back_button_leads_to_the_form_that_was_sent(place: tuple[str, Chromium]) -> None:
    """Over HTTP, because Chromium keeps nothing that came under a certificate of ours."""
    issuer, browser = place
    olga = await Person.sits_down(browser, issuer, "olga")
    page = olga.at.page
    await olga.at.open(f"/applications/new?dataset={HEART}")
    await olga.signs_in()
    for field, text in {"title": "Once", "statement": TEXT, "lay": TEXT, "benefit": TEXT}.items():
        await page.fill(f"#{field}", text)
    await olga.presses(value="submit")
    first = olga.at.path
    assert first.startswith("/applications/app_"), await olga.at.text()
    await page.go_back()
    assert await page.input_value("#statement") == TEXT
    await olga.presses(value="submit")
    assert olga.at.path == first
    await olga.goes("/applications")
    assert await page.locator('main a[href^="/applications/app_"]').count() == 1
    await page.context.close()
