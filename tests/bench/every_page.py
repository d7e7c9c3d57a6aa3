"""Every page and state that there is (`tests.browser.looks`), each once, among as much as `pages` has: which is slowest?

What is counted is the CPU of whoever serves and of whoever looks. So a page that nobody thought of when the rows of
`pages` were chosen is measured from the day on which it has a picture.
"""

import asyncio
import gc
import re
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import cast

from broker.adapters.snapshots import LiveSnapshot
from broker.core.time import Seconds
from broker.web.state import BROKER
from tests.bench.drs import logging_nowhere
from tests.bench.measure import Goal
from tests.bench.pages import DATASETS, GRANTS, PAGE_MICROS, others
from tests.browser.looks import LOOKS, Look
from tests.browser.world import lived_in
from tests.fakes import START
from tests.web.browsing import FORM, Browser
from tests.web.site import Site

_TRIES = 3
"""For which page is the slowest: the least of so many counts."""
_TIMES = 5


@dataclass(frozen=True)
class _Every:
    """All of them, and the broker whose they are."""

    loop: asyncio.AbstractEventLoop
    site: Site
    names: dict[str, str]

    def slowest(self) -> Look:
        """The one that takes longest; what it is told as long as nothing else happens is the same each time."""
        return max(LOOKS, key=lambda look: min(self._took(look) for _ in range(_TRIES)))

    def look(self, look: Look) -> None:
        for _ in range(_TIMES):
            self.loop.run_until_complete(self._looked(look, self._token(look)))

    def _took(self, look: Look) -> float:
        token = self._token(look)
        began = process_time()
        self.loop.run_until_complete(self._looked(look, token))
        return process_time() - began

    def _token(self, look: Look) -> str:
        """What a form needs before it is sent; nothing of that is measured."""
        if look.sends is None:
            return ""
        path = look.address.format_map(self.names)
        shown = self.loop.run_until_complete(Browser(self.site, look.who).open(path))
        return next(iter(re.findall(r'name="form" value="([^"]+)"', shown)), "")

    async def _looked(self, look: Look, token: str) -> None:
        headers, path = Browser(self.site, look.who).headers, look.address.format_map(self.names)
        if look.sends is None:
            answer = await self.site.http.get(path, headers=headers, allow_redirects=False)
        else:
            to, sent = (look.to or path).format_map(self.names), {"form": token, **look.sends}
            answer = await self.site.http.post(to, data=sent, headers=headers | FORM, allow_redirects=False)
        await answer.read()
        assert answer.status in (look.status, 200, 303), (look.id, answer.status)


@contextmanager
def goals() -> Iterator[tuple[Goal, ...]]:
    """With a broker in which something of everything has happened, and that many others besides."""
    with tempfile.TemporaryDirectory() as folder, logging_nowhere():
        loop, stack = asyncio.new_event_loop(), AsyncExitStack()
        try:
            site, names = loop.run_until_complete(stack.enter_async_context(lived_in(Path(folder))))
            live = cast("LiveSnapshot", site.http.app[BROKER].snapshots)
            gc.disable()  # nothing of them is garbage, and looking for some would take longer than making them
            live.committed(others(Seconds(START)))
            gc.enable()
            gc.collect()
            gc.freeze()
            every = _Every(loop, site, names)
            slowest = every.slowest()
            yield (
                Goal(
                    name=f"the slowest of all {len(LOOKS)} pages and states, among {DATASETS:,} datasets and "
                    f"{GRANTS:,} grants: {slowest.route}",
                    micros=PAGE_MICROS,
                    run=lambda: every.look(slowest),
                    times=_TIMES,
                ),
            )
        finally:
            loop.run_until_complete(stack.aclose())
            loop.close()
