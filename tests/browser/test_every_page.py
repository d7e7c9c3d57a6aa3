"""Every page in every state, in a real browser: WCAG 2.2 AA by axe, 320 pixels, both languages, light and dark; and HTML.

English is looked at in light and Spanish in dark: colours do not depend on words.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp_jinja2
import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet
from playwright.async_api import Browser as Chromium
from playwright.async_api import Playwright

from broker.web.pages import render
from broker.web.pages.problems import page
from broker.web.routes import ROUTES
from tests.browser.chromium import VALIDATOR, Scheme, Window, chromium, port_of, tools_needed, window
from tests.browser.looks import LOOKS, NO_PAGE, PICTURES, Look
from tests.browser.screenshots import FOLDER
from tests.browser.world import lived_in
from tests.interop.serving import ran
from tests.web.browsing import Browser
from tests.web.site import Site

TEMPLATES = Path(render.__file__).parent / "templates"
PARTS = {"base.html", "entry.html", "fields.html", "found.html", "people.html", "visas.html", "tasks.html"}
"""Templates of which others are made."""
RULES = Path(__file__).parent / "htmlvalidate.json"
"""All that the standard says; a button without a type sends its form, and every one of ours does."""
SCHEMES: dict[str, Scheme] = {"en": "light", "es": "dark"}

World = tuple[Site, dict[str, str], Chromium]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    tools_needed()
    async with lived_in(tmp_path_factory.mktemp("lived")) as (s, names), chromium(driver, port_of(s)) as browser:
        yield s, names, browser


@pytest.fixture(scope="module")
def windows() -> dict[tuple[str, str], Window]:
    """One for each person and language: they go from page to page."""
    return {}


@pytest.mark.row("PAG-EVERYBODY")
def test_no_page_is_left_out() -> None:
    pages = {route.path for route in ROUTES if route.method == "GET" and route.form is page}
    looked_at = {one.route for one in LOOKS}
    assert pages - looked_at == NO_PAGE.keys()


def each() -> Iterator[ParameterSet]:
    """Every look in both languages; in `make test` in one of the two, in turn, and in the other at length."""
    for number, look in enumerate(LOOKS):
        for turn, language in enumerate(SCHEMES):
            marks = [pytest.mark.long] if (number + turn) % 2 else []
            yield pytest.param(look, language, id=f"{look.id}-{language}", marks=marks)


def test_every_page_has_its_picture() -> None:
    assert {path.stem for path in FOLDER.glob("*.webp")} == PICTURES.keys()


@pytest.mark.row("PAG-EVERYBODY")
@pytest.mark.parametrize(("look", "language"), list(each()))
@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_is_for_everybody(
    world: World, windows: dict[tuple[str, str], Window], look: Look, language: str
) -> None:
    _, names, browser = world
    if (who := (look.who, language)) not in windows:
        windows[who] = await window(browser, look.who, language=language, scheme=SCHEMES[language])
    seen = windows[who]
    answer = await seen.open(look.address.format_map(names))
    if look.sends is not None:
        answer = await seen.send(look.to.format_map(names), look.sends)
    assert answer.status == look.status
    assert await seen.page.get_attribute("html", "lang") == language
    assert await seen.faults() == []


BAD = f"""<!doctype html><title>x</title><main><h1>x</h1><img src="/x.png"><pre>{"x" * 200}</pre><p><font color="#999999">Pale.</font></p>
<input type="text"></main><link rel="stylesheet" href="/static/style.css"><div class="scroll"><table><tr><td>x</table></div>"""


@pytest.mark.asyncio(loop_scope="session")
async def test_what_is_wrong_with_a_page_is_noticed(world: World) -> None:
    seen = await window(world[2])
    await seen.open("/sign-in")
    await seen.page.set_content(BAD)
    said = " ".join(await seen.faults())
    for fault in ("image-alt", "color-contrast", "html-has-lang", "label", "wider than the screen", "out of reach"):
        assert fault in said
    await seen.page.context.close()


FIRST_VISIT = 100_000
"""Bytes of a page with all that it loads, the first time and uncompressed: three seconds at 256 kbit/s."""


@pytest.mark.row("PAG-EVERYBODY", "WHO-P-11")
@pytest.mark.asyncio(loop_scope="session")
async def test_a_first_visit_of_every_page_is_light(world: World) -> None:
    s, names, _ = world
    heavy = {}
    for look in LOOKS:
        browser = Browser(s, look.who)
        text = await browser.open(look.address.format_map(names))
        loads = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text))
        assert loads or browser.status in (303, 404), look.id
        whole = len(text.encode()) + sum([len(await (await s.http.get(path)).read()) for path in loads])
        if whole > FIRST_VISIT:
            heavy[look.id] = whole
    assert heavy == {}


@pytest.mark.row("PAG-EVERYBODY")
@pytest.mark.asyncio(loop_scope="session")
async def test_every_page_is_html_and_every_template_is_looked_at(world: World, tmp_path: Path) -> None:
    s, names, _ = world
    made: list[str] = []
    for number, look in enumerate(LOOKS):
        browser = Browser(s, look.who)
        text = await browser.open(look.address.format_map(names))
        if look.sends is not None:
            token = None if 'name="form"' in text else ""
            text = await browser.send((look.to or look.address).format_map(names), token=token, **look.sends)
        made.append(written(tmp_path / f"{number:03}-{look.who}.html", text))
    status, said = await ran(str(VALIDATOR), "--config", str(RULES), "--formatter", "text", *made)
    assert status == 0, said
    used = aiohttp_jinja2.get_env(s.http.app).cache
    assert used is not None
    shown = {Path(str(key[1])).name for key in used.keys()}  # noqa: SIM118 (no mapping, for types)
    assert {path.name for path in TEMPLATES.glob("*.html")} - shown == set()


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)
