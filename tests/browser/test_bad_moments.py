"""What people and networks do to a form in a real browser: back, twice, two windows, no connection, a session that ended.

Nothing happens twice, and nothing that was typed is lost.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Error, Playwright

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session, changed
from tests import builders as b
from tests.browser.chromium import Window, chromium, port_of, window
from tests.certificates import contexts
from tests.web.browsing import secret
from tests.web.site import Site, site
from tests.web.test_workflow_pages import HEARTS, committee, rows

WRITTEN = "What I wrote for an hour.\nAnd another line."
FORM = f"/applications/new?dataset={b.HEART}"

World = tuple[Site, Chromium]


@pytest_asyncio.fixture(loop_scope="session")
async def world(driver: Playwright, tmp_path: Path) -> AsyncIterator[World]:
    server, client = contexts(tmp_path)
    client.check_hostname = False
    async with (
        site(tmp_path, *rows(), tls=(server, client), committee=committee(), grant=None) as s,
        chromium(driver, port_of(s)) as browser,
    ):
        yield s, browser


async def filled(ada: Window, title: str = "Hearts") -> None:
    await ada.open(FORM)
    for name, value in (HEARTS | {"title": title, "statement": WRITTEN}).items():
        field = ada.page.locator(f'[name="{name}"]').first
        if not await field.count():
            continue  # no question of these data
        choice = ada.page.locator(f'[name="{name}"][value="{value}"]')
        if await field.get_attribute("type") in ("radio", "checkbox"):
            await choice.check()
        elif name == "modality":
            await field.select_option(value)
        else:
            await field.fill(value)


async def submits(ada: Window, do: str = "submit") -> None:
    async with ada.page.expect_navigation(wait_until="load"):
        await ada.page.click(f'button[value="{do}"]')


def made(s: Site) -> int:
    return len(s.stage.live.current().applications_of(b.ADA))


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_double_click_makes_one_application(world: World) -> None:
    s, browser = world
    ada = await window(browser, "ada")
    await filled(ada)
    async with ada.page.expect_navigation(url="**/applications/app_*", wait_until="load"):
        await ada.page.dblclick('button[value="submit"]')
    await ada.page.wait_for_load_state("networkidle")
    assert made(s) == 1


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_two_windows_on_one_draft_keep_both_texts(world: World) -> None:
    _, browser = world
    one = await window(browser, "ada")
    await filled(one, "Begun")
    await submits(one, "save")
    two = Window(await one.page.context.new_page())
    await two.open("/applications")
    async with two.page.expect_navigation(wait_until="load"):
        await two.page.click("text=Begun")
    for each, title in ((one, "In one window"), (two, "In the other")):
        await each.page.fill("#title", title)
        await submits(each, "save")
    await one.open("/applications")
    shown = await one.text()
    assert "In one window" in shown
    assert "In the other" in shown


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_lost_connection_loses_nothing(world: World) -> None:
    """The browser says that it is offline; back, and everything stands there, to be sent once."""
    s, browser = world
    ada = await window(browser, "ada")
    await filled(ada)
    await ada.page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        await submits(ada)
    assert made(s) == 0
    await ada.page.context.set_offline(False)
    await ada.page.go_back()
    assert await ada.page.input_value("#statement") == WRITTEN, "the page lies before the browser's own one"
    assert await ada.page.is_checked('[name="kinds"][value="hmb"]')
    await submits(ada)
    assert made(s) == 1


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_session_that_ended_while_writing_loses_nothing(world: World) -> None:
    s, browser = world
    ada = await window(browser, "ada")
    await filled(ada)
    row = s.stage.ledger.rows[Session.KIND, stored_id(secret("ada"))]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    await submits(ada)
    assert made(s) == 0
    assert await ada.page.input_value("#statement") == WRITTEN
    assert await ada.page.inner_text('[role="alert"]')
    s.stage.ledger.rows[Session.KIND, row.id] = row  # signed in again, in another window
    for _ in range(2):  # the page that was shown had no token that counts; the next one has
        if made(s) == 0:
            await submits(ada)
    assert made(s) == 1


@pytest.mark.row("PAG-MOMENTS")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_megabyte_that_was_pasted_is_cut_by_the_field(world: World) -> None:
    s, browser = world
    ada = await window(browser, "ada")
    await filled(ada)
    await ada.page.focus("#lay")
    await ada.page.keyboard.insert_text("x" * 1_000_000)
    assert len(await ada.page.input_value("#lay")) == 20_000
    await submits(ada)
    assert made(s) == 1
    await ada.open(ada.path)
    assert await ada.too_wide() == []


@pytest.mark.row("PAG-WALKED")
@pytest.mark.asyncio(loop_scope="session")
async def test_what_stands_in_the_other_forms_of_a_page_is_not_lost_by_sending_one(world: World) -> None:
    s, browser = world
    ada = await window(browser, "ada")
    await filled(ada)
    await submits(ada)
    (asked,) = s.stage.live.current().requests_of(b.ADA)
    mei = await window(browser, "mei", width=1000)
    await mei.open(f"/reviews/{asked.review}")
    for side in ("risk_of_use", "risk_of_non_use", "benefit", "to_whom"):
        await mei.page.fill(f'textarea[name="{side}"]', f"{side}: <b>weighed</b>")
    await mei.page.fill("#remark", WRITTEN)
    await mei.page.select_option("#to", "everybody")
    await mei.page.fill('form:has([value="decide"]) textarea[name="ground"]', "Good.")
    async with mei.page.expect_navigation(wait_until="load"):
        await mei.page.click('button[value="approve"]')
    assert await mei.page.locator('[role="alert"]').count() == 1, "both sides are written down first"
    assert await mei.page.input_value('textarea[name="benefit"]') == "benefit: <b>weighed</b>"
    assert await mei.page.input_value("#remark") == WRITTEN
    async with mei.page.expect_navigation(wait_until="load"):
        await mei.page.click('form:has([value="assess"]) button')
    assert await mei.page.input_value('form:has([value="decide"]) textarea[name="ground"]') == "Good."
    assert await mei.page.input_value("#to") == "everybody"
    async with mei.page.expect_navigation(wait_until="load"):
        await mei.page.click('form:has([value="remark"]) button')
    assert await mei.page.input_value("#remark") == "", "what was sent does not come again"
    await mei.page.fill("#remark", "For my eyes.")
    await mei.page.evaluate("for (const one of document.querySelectorAll('input[name=form]')) one.value = 'theirs'")
    await mei.page.evaluate("document.forms[0].dispatchEvent(new Event('submit', {bubbles: true}))")
    await mei.page.reload()
    assert await mei.page.input_value("#remark") == "", "nobody reads what somebody else wrote at the same window"
    assert await mei.page.evaluate("sessionStorage.length") == 0
    assert mei.complaints == []
