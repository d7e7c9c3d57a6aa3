"""The links in the head of every page: folded on a narrow screen, open on a wide one, without a script in both."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from tests.browser.chromium import NARROW, chromium, port_of, tools_needed, window
from tests.browser.world import lived_in

pytestmark = [pytest.mark.row("PAG-EVERYBODY"), pytest.mark.asyncio(loop_scope="session")]

WIDE = 1280
MOST = 150
"""Pixels, of 800, that the head of a page takes at most on a narrow screen. Unfolded it is 300."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    tools_needed()
    async with lived_in(tmp_path_factory.mktemp("nav")) as (s, _), chromium(driver, port_of(s)) as found:
        yield found


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("name", "groups"), [("", 1), ("ada", 2), ("pia", 2), ("mei", 3), ("root", 3)])
async def test_on_a_narrow_screen_the_links_are_folded(
    browser: Chromium, name: str, groups: int, language: str
) -> None:
    seen = await window(browser, name, language=language, script=False)
    await seen.open("/datasets")
    folds, links = seen.page.locator("nav summary"), seen.page.locator("nav a")
    assert await seen.page.get_by_role("navigation").count() == groups, "landmarks are there, folded or not"
    assert await folds.count() == groups
    assert [await one.is_visible() for one in await links.all()] == [False] * await links.count()
    here = (
        await seen.page.inner_text('nav a[aria-current="page"]')
        or await seen.page.locator('nav a[aria-current="page"]').text_content()
    )
    assert (await folds.first.inner_text()).endswith(f": {here}"), "where one is stands on what is folded"
    box = await seen.page.locator("header").bounding_box()
    assert box is not None
    assert box["height"] <= MOST, "most of the screen is for the page"
    for one in range(groups):
        await seen.tab_to(f"nav:nth-of-type({one + 1}) summary")
        await seen.page.keyboard.press("Enter")
    assert [await one.is_visible() for one in await links.all()] == [True] * await links.count()
    assert await seen.too_wide() == []
    await seen.press('nav a[href="/use"]')
    assert seen.path == "/use"
    await seen.page.context.close()


@pytest.mark.parametrize("width", [NARROW, WIDE])
async def test_opened_and_on_a_wide_screen_axe_finds_nothing(browser: Chromium, width: int) -> None:
    seen = await window(browser, "mei", width=width)
    await seen.open("/reviews")
    if width == NARROW:
        for one in await seen.page.locator("nav summary").all():
            await one.click()
    links = seen.page.locator("nav a")
    assert [await one.is_visible() for one in await links.all()] == [True] * await links.count()
    assert await seen.page.locator("nav summary").first.is_visible() == (width == NARROW)
    assert await seen.faults() == []
    await seen.page.context.close()


async def test_on_a_wide_screen_every_link_is_there_by_keyboard_and_by_name(browser: Chromium) -> None:
    seen = await window(browser, "mei", width=WIDE, script=False)
    await seen.open("/reviews")
    found = seen.page.get_by_role("navigation", name="My work").get_by_role("link")
    assert await found.all_inner_texts() == ["Applications to review", "Renewals", "Unusual uses"]
    await seen.press('nav a[href="/renewals"]')
    assert seen.path == "/renewals"
    await seen.page.context.close()
