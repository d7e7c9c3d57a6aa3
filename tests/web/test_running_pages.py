"""What runs now, and what is there: downloads and sessions that are stopped on a page, and facts that nobody stated."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import DatasetId
from broker.core.rows import Access, Row, Session
from broker.core.rows.safeguards import Safeguards
from broker.core.time import Seconds
from broker.web.state import BROKER
from broker.web.streams import Stream
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser
from tests.web.site import Site, opened, site
from tests.web.test_admin_pages import rows as people

PATHS = ("/admin/running", "/admin/data")
BARE = b.dataset(
    id=DatasetId("https://bank.example/datasets/bare"), title="Bare <b>", existence="hidden", facts={},
    safeguards=Safeguards(),
)  # fmt: skip


class Wire(asyncio.Transport):
    """A connection on which nothing goes."""

    gone = False

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.gone

    def abort(self) -> None:
        self.gone = True


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    more: list[Row] = [*people(), BARE]
    async with site(tmp_path, *more) as made:
        yield made


@contextmanager
def downloading(s: Site, access: Access) -> Iterator[Wire]:
    """A download under `access`, asked again at every change as all are."""
    wire, broker = Wire(), s.http.app[BROKER]

    def permitted(snapshot: Any) -> bool:
        return not snapshot.revoked("access", access.id, s.stage.clock.now())

    with broker.streams.running(Stream(wire, permitted, access), broker.snapshots.current, Seconds(START + 10**6)):
        yield wire


async def access_of(s: Site) -> Access:
    await opened(s)
    (access,) = [row async for row in s.stage.world.rows.scan(Access)]
    return access


@pytest.mark.row("PAG-RUNNING")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_download_is_stopped_by_a_button_and_that_is_on_record(s: Site, language: str) -> None:
    access = await access_of(s)
    root = Browser(s, "root", language)
    with downloading(s, access) as wire:
        await root.open("/admin")
        shown = await root.open(root.links("/admin/running")[0])
        assert b.ONE in shown
        assert b.ADA in shown
        await root.send("/admin/running", do="stop", value=access.id, ground="It goes to the wrong place.")
        assert wire.gone
        assert s.stage.ledger.entries[-1].kind == "revocation.made"
        assert f'value="{access.id}"' not in root.text, "it runs no more"


@pytest.mark.row("PAG-RUNNING")
async def test_a_session_is_ended_by_a_button(s: Site) -> None:
    root = Browser(s, "root")
    await root.open("/admin/running")
    await root.send("/admin/running", do="find", person="usr_ada")
    (session,) = [one async for one in s.stage.world.rows.find(Session, "person", "usr_ada")]
    assert f'value="{session.id}"' in root.text
    await root.send("/admin/running", do="end", value=session.id, ground="Stolen.")
    assert s.stage.live.current().revoked("session", session.id, s.stage.clock.now())


@pytest.mark.row("PAG-RUNNING")
async def test_who_only_audits_sees_it_and_stops_nothing_and_others_see_nothing(s: Site) -> None:
    access = await access_of(s)
    with downloading(s, access) as wire:
        eve = Browser(s, "eve")
        shown = await eve.open("/admin/running")
        assert b.ONE in shown
        assert "<button" in shown
        assert 'value="stop"' not in shown
        root = Browser(s, "root")
        await root.open("/admin/running")
        before = len(s.stage.ledger.entries)
        for browser, token in ((eve, None), (root, "f" * 64)):
            browser.text = browser.text or ""
            await browser.send("/admin/running", token=token or "x" * 64, do="stop", value=access.id, ground="")
            assert browser.status in (400, 403, 409)
        for wrong in ({"do": "fly", "value": "x"}, {"do": "stop", "value": ""}):
            await root.open("/admin/running")
            await root.send("/admin/running", **wrong)
            assert root.status == 400
        assert len(s.stage.ledger.entries) == before
        assert not wire.gone
    for name in ("lex", "sam", "pia"):
        for path in PATHS:
            stranger = Browser(s, name)
            await stranger.open(path)
            assert stranger.status == 403, (name, path)


@pytest.mark.row("PAG-RUNNING")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_of_each_dataset_it_is_said_what_nobody_has_stated(s: Site, language: str) -> None:
    root = Browser(s, "root", language)
    shown = await root.open("/admin/data?q=bare")
    assert "Bare &lt;b&gt;" in shown, "hidden ones too"
    responsible = {"en": "who is responsible", "es": "quién es responsable"}[language]
    assert f"<li>{responsible}</li>" in shown
    assert "safeguards." not in shown, "no word of programs"
    assert ("from which countries" in shown) is (language == "en")
    assert "Heart" not in shown
    whole = await root.open("/admin/data?q=heart")
    assert responsible not in whole
    assert "The bank" in whole
