"""A real Chromium for tests: where it is, one for each site, somebody's window in it, and what is looked at on a page.

Debian's own browser, driven by Playwright: no browser is fetched from anywhere else.
"""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response

from tests import builders as b
from tests.interop.serving import HERE, needed
from tests.web.browsing import secret
from tests.web.site import Site

NAMES = ("chromium-headless-shell", "chromium")
NARROW = 320
"""Pixels: the narrowest screen that a page must fit, which is also a window of 1280 at 400 %."""
SECONDS = 20
"""So long anything in a page may take; it takes milliseconds."""
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
VALIDATOR = HERE / "node_modules" / ".bin" / "html-validate"
_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--font-render-hinting=none",
    "--disable-lcd-text",
]
"""No sandbox: tests run as root in containers, and the only pages are our own."""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN_AXE = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: tags, rules: {"target-size": {enabled: true}}, resultTypes: ["violations"],
  });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
}"""
_TOO_WIDE = """() => {
  const seen = document.documentElement;
  if (seen.scrollWidth <= seen.clientWidth) return [];
  const wide = (one) => one.getBoundingClientRect().right > seen.clientWidth + 0.5;
  const found = [...document.querySelectorAll("body *")].filter(wide);
  return [`wider than the screen: ${found.map((one) => one.outerHTML.slice(0, 120)).join(" | ")}`];
}"""
_OUT_OF_REACH = """() => {
  const scrolls = (one) => one.scrollWidth > one.clientWidth + 1
    && ["auto", "scroll"].includes(getComputedStyle(one).overflowX) && one.checkVisibility();
  const named = (one) => one.ariaLabel || one.ariaLabelledByElements?.some((each) => each.textContent.trim());
  const reached = (one) => one.matches("textarea, input, select")
    || (one.tabIndex === 0 && one.matches("section") && named(one));
  const found = [...document.querySelectorAll("body *")].filter((one) => scrolls(one) && !reached(one));
  return found.map((one) => `scrolls, and is out of reach or has no name: ${one.outerHTML.slice(0, 120)}`);
}"""
_SEND = """([to, fields]) => {
  const named = (one) => !fields.do || [...one.querySelectorAll("[name=do]")].some((each) => each.value === fields.do);
  const path = to || location.pathname;
  const ours = [...document.forms].filter((one) => one.method === "post" && new URL(one.action).pathname === path);
  const form = ours.find(named) || ours[0];
  for (const [name, value] of Object.entries(fields)) {
    const chosen = form.querySelector(`:is([type=radio], [type=checkbox])[name="${name}"][value="${CSS.escape(value)}"]`);
    if (chosen) { chosen.checked = true; continue; }
    const field = form.querySelector(`:is(input:not([type=radio], [type=checkbox]), textarea, select)[name="${name}"]`);
    if (field) { field.value = value; continue; }
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
_PAST = '() => document.activeElement && document.activeElement.matches(":focus-visible")'

Scheme = Literal["light", "dark"]


def tools_needed() -> None:
    """Skips where axe and the validator of HTML are missing."""
    needed("axe-core and html-validate", there=AXE.exists() and VALIDATOR.exists(), how="make interop-tools")


@asynccontextmanager
async def chromium(playwright: Playwright, port: int | None = None) -> AsyncIterator[Browser]:
    """The browser; `port`: where the site of tests listens, which it then finds under the site's own name."""
    found = next((path for name in NAMES if (path := shutil.which(name)) is not None), None)
    needed("Chromium", there=found is not None, how="apt-get install chromium-headless-shell")
    name = b.US.removeprefix("https://")
    known = [f"--host-resolver-rules=MAP {name}:443 127.0.0.1:{port}"] if port is not None else []
    browser = await playwright.chromium.launch(executable_path=found, args=[*_FLAGS, *known])
    try:
        yield browser
    finally:
        await browser.close()


@dataclass
class Window:
    """Somebody's window. What the browser itself complains about is kept: a policy broken, a file not found."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def path(self) -> str:
        return "/" + self.page.url.split("/", 3)[3]

    async def open(self, path: str) -> Response:
        """Type an address of the site."""
        response = await self.page.goto(path, wait_until="load")
        assert response is not None
        return response

    async def send(self, to: str, fields: Mapping[str, str]) -> Response:
        """Send the page's form that goes to `to` (nothing: back to this page), with these fields."""
        async with self.page.expect_navigation(wait_until="load") as going:
            await self.page.evaluate(_SEND, [to, dict(fields)])
        response = await going.value
        assert response is not None
        return response

    async def text(self) -> str:
        """What can be read on the page."""
        return await self.page.inner_text("body")

    async def faults(self) -> list[str]:
        """What axe finds, and what does not fit the width of the window."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found: list[str] = await self.page.evaluate(_RUN_AXE, _TAGS)
        complaints, self.complaints = self.complaints, []
        return [*found, *await self.too_wide(), *await self.page.evaluate(_OUT_OF_REACH), *complaints]

    async def too_wide(self) -> list[str]:
        """What does not fit the width of the window: nobody scrolls in two directions."""
        found: list[str] = await self.page.evaluate(_TOO_WIDE)
        return found

    async def tab_to(self, what: str) -> None:
        """Press Tab until the focus is there: by keyboard alone, and always to be seen where one is.

        `what`: a CSS selector. Whoever walks 200 steps without finding it has lost.
        """
        for _ in range(200):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("(what) => document.activeElement.matches(what)", what):
                assert await self.page.evaluate(_PAST), "the focus is to be seen"
                return
        raise AssertionError(f"not to be reached by the keyboard: {what}")

    async def press(self, what: str, key: str = "Enter") -> None:
        """Walk to a link or a button, press it, and wait until the page that follows is there."""
        await self.tab_to(what)
        async with self.page.expect_navigation(wait_until="load"):
            await self.page.keyboard.press(key)

    async def write(self, what: str, text: str) -> None:
        """Walk to a field and type; what stood there goes."""
        await self.tab_to(what)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:  # a refusal is a page as well
            self.complaints.append(message.text)


async def window(
    browser: Browser,
    name: str = "",
    *,
    base: str = str(b.US),
    language: str = "en",
    width: int = NARROW,
    scheme: Scheme = "light",
    script: bool = True,
) -> Window:
    """A window of a browser of their own; `name`: who is signed in there (`browsing.browser_session`)."""
    context: BrowserContext = await browser.new_context(
        base_url=base, ignore_https_errors=True, viewport={"width": width, "height": 800}, locale=language,
        color_scheme=scheme, java_script_enabled=script, reduced_motion="reduce", timezone_id="UTC",
    )  # fmt: skip
    if name:
        await context.add_cookies([_cookie(name)])
    return Window(await context.new_page())


def _cookie(name: str) -> Any:
    return {
        "name": "__Host-broker-session", "value": secret(name), "url": str(b.US), "secure": True, "httpOnly": True,
        "sameSite": "Lax",
    }  # fmt: skip


def port_of(s: Site) -> int:
    port = s.http.server.port
    assert port is not None
    return port
