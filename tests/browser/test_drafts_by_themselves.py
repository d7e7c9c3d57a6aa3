"""A draft is kept while somebody writes, in a real browser, in two windows; its clock is turned, nobody waits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from tests.browser.chromium import Window, chromium, port_of, window
from tests.certificates import contexts
from tests.web.site import site
from tests.web.test_workflow_pages import committee, rows


@pytest_asyncio.fixture(loop_scope="session")
async def browser(driver: Playwright, tmp_path: Path) -> AsyncIterator[Chromium]:
    server, client = contexts(tmp_path)
    client.check_hostname = False
    async with (
        site(tmp_path, *rows(), tls=(server, client), committee=committee(), grant=None) as s,
        chromium(driver, port_of(s)) as made,
    ):
        yield made


async def writes(one: Window, title: str) -> str:
    """Types, pauses, and reads what the page says then."""
    await one.page.fill("#title", title)
    async with one.page.expect_response("**/applications/drafts"):
        await one.page.clock.fast_forward(4000)
    await one.page.wait_for_selector(
        "#kept:not(:empty)"
    )  # a function that is asked again and again is eval, which the page forbids
    return await one.page.inner_text("#kept")


@pytest.mark.row("WF-FORM-KEPT")
@pytest.mark.asyncio(loop_scope="session")
async def test_of_two_windows_none_writes_over_the_other_and_both_texts_are_kept(browser: Chromium) -> None:
    one = await window(browser, "ada")
    await one.page.clock.install()
    await one.open("/applications/new")
    assert await writes(one, "Begun") == "Kept as a draft."
    two = Window(await one.page.context.new_page())
    await two.page.clock.install()
    await two.open("/applications")
    async with two.page.expect_navigation(wait_until="load"):
        await two.page.click("text=Begun")
    assert await writes(two, "In the other") == "Kept as a draft."
    await one.page.evaluate("document.getElementById('kept').textContent = ''")
    assert (await writes(one, "In one window")).startswith("Another window has changed or ended this draft.")
    async with one.page.expect_navigation(wait_until="load"):
        await one.page.click('button[value="save"]')
    await two.open("/applications")
    shown = await two.text()
    assert "In one window" in shown
    assert "In the other" in shown
    assert "Begun" not in shown


@pytest.mark.row("WF-FORM-KEPT")
@pytest.mark.asyncio(loop_scope="session")
async def test_with_the_clock_of_the_browser_itself_a_draft_is_kept_too(browser: Chromium) -> None:
    """Its timers are no methods of ours, and say so."""
    one = await window(browser, "ada")
    await one.open("/applications/new")
    async with one.page.expect_response("**/applications/drafts"):
        await one.page.fill("#title", "Begun")
    await one.page.wait_for_selector("#kept:not(:empty)")
    assert await one.page.inner_text("#kept") == "Kept as a draft."
    assert one.complaints == []
