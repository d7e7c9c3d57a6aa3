"""The doctor asks the addresses at which people read who decides about data: a dead link is told with whose it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from broker.commands.doctor_links import asked
from broker.core.ids import DatasetId
from broker.core.rows import Dataset
from tests import builders as b

PAGES = {"/good": 200, "/gone": 404, "/moved": 301}


@asynccontextmanager
async def governed() -> AsyncIterator[tuple[str, list[str]]]:
    """A web server of a committee; what it was asked."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=PAGES[request.path], text="<h1>Who decides</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{page}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


def dataset(name: str, address: str | None) -> Dataset:
    row = b.dataset(id=DatasetId(name))
    return replace(row, safeguards=replace(row.safeguards, governance=address))


@pytest.mark.row("WHO-3.1-5")
async def test_addresses_that_answer_are_counted_and_each_is_asked_once() -> None:
    async with governed() as (base, seen):
        held = [dataset("one", f"{base}/good"), dataset("two", f"{base}/good"), dataset("three", None)]
        assert await asked(held) == "every address at which people read how data are governed answers (1)"
        assert seen == ["/good"]


@pytest.mark.row("WHO-3.1-5")
@pytest.mark.parametrize(
    ("path", "why"), [("/gone", "404"), ("/moved", "301"), ("nobody", "nobody answers there")], ids=str
)
async def test_an_address_that_does_not_answer_is_named_with_whose_it_is(path: str, why: str) -> None:
    async with governed() as (base, _):
        url = "http://127.0.0.1:1/" if path == "nobody" else f"{base}{path}"
        held = [dataset("good", f"{base}/good"), dataset("bad", url), dataset("too", url)]
        with pytest.raises(ValueError, match="and 1 more") as caught:
            await asked(held)
        told = str(caught.value)
        assert url in told
        assert why in told
        assert "bad" in told
        assert "/good" not in told
