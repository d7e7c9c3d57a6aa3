"""What is found follows words of a name, by htmx under the page's own policy; what is ticked stays, and so does the form."""

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Route

from tests.browser.chromium import window
from tests.browser.test_live_search import browser

__all__ = ["browser"]
pytestmark = [pytest.mark.row("PAG-DISEASES"), pytest.mark.asyncio(loop_scope="session")]

BREAST, MELANOMA = "MONDO:0004989", "MONDO:0005105"
FIND, LIST, TOLD = "#diseases-find", "#diseases-list", "#diseases-told"


def box(code: str) -> str:
    return f"{LIST} input[value='{code}']"


@pytest.mark.parametrize(("who", "path"), [("ada", "/applications/new"), ("", "/use"), ("", "/pick/diseases")])
async def test_what_is_found_follows_the_words_and_what_is_ticked_stays(browser: Chromium, who: str, path: str) -> None:
    one = await window(browser, who)
    await one.open(path)
    title = await one.page.title()
    await one.page.evaluate(f"document.querySelector('{TOLD}').dataset.stayed = 'yes'")
    await one.page.locator(FIND).press_sequentially("melanoma")
    await one.page.check(box(MELANOMA))
    await one.page.fill(FIND, "breast carcinoma")
    await one.page.wait_for_selector(box(BREAST))
    assert await one.page.is_checked(box(MELANOMA))
    assert not await one.page.is_checked(box(BREAST)), "nothing is ticked by itself"
    assert await one.page.evaluate("document.activeElement.id") == FIND[1:], "nobody is torn from where they type"
    assert await one.page.get_attribute(TOLD, "data-stayed") == "yes", "a live region that is replaced says nothing"
    assert await one.page.inner_text(TOLD) == "Found: 4. Tick what you mean."
    assert await one.page.title() == title, "the page is still called what it is"
    assert one.path == path, "words of a name are in no address of the page"
    assert one.complaints == [], "nothing that the page's policy forbids"


async def test_where_nobody_answers_the_rest_of_the_form_stays(browser: Chromium) -> None:
    one = await window(browser, "ada")
    await one.open("/applications/new")
    await one.page.fill("#title", "An hour of words")
    await one.page.fill(FIND, "melanoma")
    await one.page.check(box(MELANOMA))

    async def breaks(route: Route) -> None:
        await route.abort()

    await one.page.route("**/pick/**", breaks)
    await one.page.fill(FIND, "breast")
    await one.page.wait_for_selector(f"{TOLD}:has-text('Nothing could be looked up')")
    assert await one.page.is_checked(box(MELANOMA))
    assert await one.page.locator(f"{LIST} input").count() == 1, "nothing of other words is left to tick"
    assert await one.page.input_value("#title") == "An hour of words"


@pytest.mark.parametrize("script", [True, False])
async def test_the_button_and_the_return_key_hand_nothing_in(browser: Chromium, *, script: bool) -> None:
    one = await window(browser, "ada", script=script)
    await one.open("/applications/new")
    await one.write("#title", "An hour of words")
    await one.write(FIND, "melanoma")
    async with one.page.expect_navigation(wait_until="load"):
        await one.page.press(FIND, "Enter")
    assert await one.page.input_value("#title") == "An hour of words"
    assert await one.page.locator(box(MELANOMA)).count() == 1
    assert one.path.startswith("/applications/new")
    await one.page.check(box(MELANOMA))
    await one.write("#datasets-find", "harbour")
    await one.press("#datasets-pick button")
    assert await one.page.is_checked(box(MELANOMA))
    assert "Lungs of the harbour" in await one.page.inner_text("#datasets-list")
