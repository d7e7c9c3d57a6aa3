"""Results that follow what somebody types, by htmx, under the page's own policy; and the same page without a script."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright, Route

from broker.core.ids import DatasetId
from tests import builders as b
from tests.browser.chromium import chromium, port_of, window
from tests.certificates import contexts
from tests.web.site import site
from tests.web.test_workflow_pages import committee, rows

pytestmark = [pytest.mark.row("PAG-LIVE"), pytest.mark.asyncio(loop_scope="session")]

LUNGS = b.dataset(id=DatasetId("lungs"), title="Lungs of the harbour")
FOUND = "#found h2"


@pytest_asyncio.fixture(loop_scope="session")
async def browser(driver: Playwright, tmp_path: Path) -> AsyncIterator[Chromium]:
    server, client = contexts(tmp_path)
    client.check_hostname = False
    async with (
        site(tmp_path, *rows(), LUNGS, tls=(server, client), committee=committee(), grant=None) as s,
        chromium(driver, port_of(s)) as made,
    ):
        yield made


async def test_results_follow_what_is_typed_and_are_told_to_who_does_not_see_them(browser: Chromium) -> None:
    one = await window(browser)
    await one.open("/datasets")
    before = await one.page.locator(FOUND).count()
    await one.page.evaluate("document.getElementById('count').dataset.stayed = 'yes'")
    await one.page.locator("#q").press_sequentially("harbour")
    await one.page.wait_for_selector("#count:has-text(': 1')")
    assert await one.page.locator(FOUND).all_inner_texts() == [LUNGS.title]
    assert before > 1
    assert await one.page.evaluate("document.activeElement.id") == "q", "nobody is torn from where they type"
    assert await one.page.get_attribute("#count", "data-stayed") == "yes", "a live region that is replaced says nothing"
    assert "q=harbour" in one.path, "what is found has an address that can be sent to somebody"
    kept = await one.page.evaluate("[Object.keys(localStorage), Object.values(sessionStorage)]")
    assert kept == [[], [one.path]], "no page stays in the browser: nothing but its address"
    assert one.complaints == [], "nothing that the page's policy forbids"


async def test_the_way_back_leads_to_the_page_before_and_the_words_are_still_there(browser: Chromium) -> None:
    one = await window(browser)
    await one.open("/policies")
    await one.open("/datasets")
    await one.page.fill("#q", "harbour")
    await one.page.wait_for_selector("#count:has-text(': 1')")
    await one.page.click(FOUND + " a")
    await one.page.wait_for_url("**/dataset?id=lungs")
    await one.page.go_back(wait_until="load")
    assert await one.page.input_value("#q") == "harbour"
    assert await one.page.locator(FOUND).all_inner_texts() == [LUNGS.title]
    await one.page.go_back(wait_until="load")
    assert one.path == "/policies", "letters typed are no pages to go back through"


@pytest.mark.parametrize("broken", ["nobody answers", "an answer that is no result"])
async def test_old_results_never_stand_under_new_words(browser: Chromium, broken: str) -> None:
    one = await window(browser)
    await one.open("/datasets")

    async def breaks(route: Route) -> None:
        if route.request.headers.get("hx-request") != "true":
            return await route.continue_()
        return await (route.abort() if broken == "nobody answers" else route.fulfill(status=503, body="busy"))

    await one.page.route("**/datasets?*", breaks)
    async with one.page.expect_navigation(wait_until="load"):
        await one.page.fill("#q", "harbour")
    assert await one.page.locator(FOUND).all_inner_texts() == [LUNGS.title], "the form went as without a script"


async def test_without_a_script_the_button_does_the_same(browser: Chromium) -> None:
    one = await window(browser, script=False)
    await one.open("/datasets")
    await one.write("#q", "harbour")
    await one.press("form[role=search] button")
    assert await one.page.locator(FOUND).all_inner_texts() == [LUNGS.title]
