"""Two people at real browsers change the law, by keyboard and without any script; and a session ends meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from broker.core.oidc.opaque import stored_id
from broker.core.rows import Session, changed
from tests import builders as b
from tests.browser.chromium import Window, chromium, port_of, window
from tests.certificates import contexts
from tests.desk import PACK, ROLES, Desk, desk_at, french_only, people
from tests.web.browsing import browser_session, secret
from tests.web.site import Site, site

World = tuple[Site, Desk, Chromium]


@pytest_asyncio.fixture(loop_scope="session")
async def world(driver: Playwright, tmp_path: Path) -> AsyncIterator[World]:
    server, client = contexts(tmp_path)
    client.check_hostname = False
    rows = [*people(), *map(browser_session, ROLES)]
    grant = b.grant(affiliations=("faculty@rhine.example",))
    async with (
        site(tmp_path, *rows, tls=(server, client), grant=grant) as s,
        chromium(driver, port_of(s)) as browser,
    ):
        yield s, await desk_at(s, tmp_path / "packs"), browser


async def writes(root: Window) -> None:
    await root.open("/admin/packs")
    await root.press(f'input[name="pack"][value="{PACK}"] ~ p button')
    for name, text in french_only("2").items():
        await root.page.fill(f"#{name}", text)


@pytest.mark.row("PACK-SECOND")
@pytest.mark.asyncio(loop_scope="session")
async def test_one_writes_and_the_other_puts_it_in_force_by_keyboard_without_script(world: World) -> None:
    _, d, browser = world
    root = await window(browser, "root", script=False)
    await writes(root)
    await root.press('button[value="propose"]')
    shown = await root.text()
    assert "Nothing, and all its cases hold." in shown
    assert "Another person must put it in force" in shown
    lex = await window(browser, "lex", script=False)
    await lex.open("/admin")
    await lex.press('a[href="/admin/packs"]')
    await lex.press('a[href^="/admin/packs/pro_"]')
    path = lex.path
    await lex.press('input[value="simulate"] ~ p button')
    told = await lex.text()
    assert "usr_ada" in told
    assert await lex.too_wide() == []
    await lex.press(f'a[href="{path}"]')
    await lex.press('input[value="activate"] ~ p button')
    assert d.version() == "2"
    assert "Was put in force" in await lex.text()


@pytest.mark.row("PACK-WRITTEN")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_session_that_ended_while_somebody_wrote_loses_nothing(world: World) -> None:
    s, d, browser = world
    root = await window(browser, "root", script=False)
    await writes(root)
    row = s.stage.ledger.rows[Session.KIND, stored_id(secret("root"))]
    assert isinstance(row, Session)
    s.stage.ledger.rows[Session.KIND, row.id] = changed(row, ended=s.stage.clock.now())
    await root.press('button[value="propose"]')
    typed = french_only("2")
    assert {name: await root.page.input_value(f'main [name="{name}"]') for name in typed} == typed
    s.stage.ledger.rows[Session.KIND, row.id] = row  # signed in again, in another window
    for _ in range(2):  # the page that was shown had no token that counts; the next one has
        await root.press("main form button")
    assert {name: await root.page.input_value(f"#{name}") for name in typed} == typed, "to the line end"
    assert "Nothing, and all its cases hold." in await root.text()
    assert d.version() == "1"
