"""Nobody asks for data under the number by which a study knows them, and nobody writes pages to learn that."""

from pathlib import Path
from urllib.parse import quote

import pytest

from broker.core.ids import PersonId
from broker.core.rows import Person
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import site

APPLY = '<a class="button" href="/applications/new?dataset='


@pytest.mark.row("PAG-WALKED")
async def test_participants_are_told_before_they_write_an_application_and_are_not_led_there(tmp_path: Path) -> None:
    sam = Person(id=PersonId("usr_sam"), log_key="dd" * 32, created=START)
    async with site(tmp_path, sam, *map(browser_session, ("pia", "sam")), pia=b.consent()) as s:
        pia, sam_at = Browser(s, "pia"), Browser(s, "sam")
        dataset = f"/dataset?id={quote(b.HEART, safe='')}"
        assert APPLY not in await pia.open(dataset)
        assert APPLY in await sam_at.open(dataset)
        assert 'href="/applications/new"' not in await pia.open("/applications")
        assert 'href="/applications/new"' in await sam_at.open("/applications")
        assert "AUTH-NOT-YOURS" in await pia.open("/applications/new")
        assert pia.status == 403
        assert "<form" in await sam_at.open("/applications/new")
