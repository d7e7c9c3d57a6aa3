"""Pictures of the pages for docs/reference/screens.md: `make screenshots`, or with names, some of them.

The same world, clock and chance each time; only another browser or other fonts draw other pictures.
"""

import asyncio
import base64
import logging
import sys
import tempfile
from pathlib import Path

import structlog
from playwright.async_api import async_playwright

from tests.browser.chromium import Window, chromium, port_of, window
from tests.browser.looks import PICTURES
from tests.browser.world import lived_in

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "screens"
WIDTH, TALLEST = 960, 1_300
"""Pixels; what is below is not shown."""
QUALITY = 40


async def main(wanted: list[str]) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            async_playwright() as driver,
            lived_in(Path(folder)) as (s, names),
            chromium(driver, port_of(s)) as browser,
        ):
            for name, look in PICTURES.items():
                if wanted and name not in wanted:
                    continue
                seen = await window(browser, look.who, width=WIDTH)
                await seen.open(look.address.format_map(names))
                (FOLDER / f"{name}.webp").write_bytes(await _picture(seen))
                await seen.page.context.close()
    for old in FOLDER.glob("*.webp"):
        if old.stem not in PICTURES:
            old.unlink()
    return 0


async def _picture(seen: Window) -> bytes:
    """The page from its top, as WebP, which Playwright itself does not make."""
    height = min(TALLEST, await seen.page.evaluate("document.documentElement.scrollHeight"))
    session = await seen.page.context.new_cdp_session(seen.page)
    taken = await session.send(
        "Page.captureScreenshot",
        {
            "format": "webp", "quality": QUALITY, "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1},
        },
    )  # fmt: skip
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
