"""A consent that was announced is told when it is recorded, and again when it takes effect; nobody misses either."""

from pathlib import Path
from typing import Any

import pytest

from broker.core import jws
from broker.core.consent.model import Scope
from broker.core.time import Seconds, rfc3339
from broker.flows.repositories import feed
from tests import builders as b
from tests.fakes import START
from tests.web.depot import as_client, depots
from tests.web.site import Site, site
from tests.web.test_feed import happens, told
from tests.web.test_feed import page as now_page

NARROW = Scope(permissions=b.codes("DUO:0000011"))
LATER = Seconds(START + 3000)


def announced(ref: Any = b.PAUL, at: int = LATER, version: int = 2) -> Any:
    """Recorded now, in effect later."""
    return b.consent(ref, version, scope=NARROW, effective_from=Seconds(at), recorded_at=START)


async def page(s: Site, cursor: str | None = None, client: str = "depot") -> Any:
    """A page, whatever time it is: the client's token is always fresh."""
    now = s.stage.clock.now()
    query = {"cursor": cursor} if cursor is not None else {}
    headers = as_client(s, client, iat=now, exp=now + 600)
    got = await s.http.get("/api/v1/feed", params=query, headers=headers)
    assert got.status == 200, await got.text()
    said = jws.read(await got.text())
    assert said is not None
    return said.payload


@pytest.mark.row("RO-FEED-EFFECT")
async def test_what_was_announced_is_told_again_when_it_holds(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), b.request()) as s:
        start = (await now_page(s))["next"]
        await happens(s, announced())
        first = await page(s, start)
        (event,) = told(first)
        assert (event["from"], event["left_out"]) == (rfc3339(LATER), [])
        s.stage.clock.advance(2999)
        before = await page(s, first["next"])
        assert told(before) == []
        s.stage.clock.advance(1)
        for cursor in (first["next"], before["next"]):  # whoever looked in between, and whoever did not
            said = await page(s, cursor)
            (event,) = told(said)
            assert event == {
                "event": "consents-changed", "dataset": str(b.HEART), "objects": ["obj-2"], "subjects": ["sub_paul"],
                "left_out": [{"grant": "grt_1", "code": "CON-LEFT-OUT", "subjects": ["sub_paul"]}],
            }  # fmt: skip
            assert said["events"][0]["at"] == rfc3339(LATER)
            assert told(await page(s, said["next"])) == [], "once, to who has acted on it"


@pytest.mark.row("RO-FEED-EFFECT")
async def test_who_begins_afterwards_and_whose_data_it_is_not_hears_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, *depots(), announced()) as s:
        theirs = (await page(s, client="other"))["next"]
        s.stage.clock.advance(3000)
        assert told(await page(s, (await page(s))["next"])) == []
        assert told(await page(s, theirs, "other")) == []


@pytest.mark.row("RO-FEED-EFFECT")
async def test_what_holds_from_when_it_was_recorded_is_told_once(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        start = (await page(s))["next"]
        await happens(s, b.consent(b.PAUL, 2, scope=NARROW, effective_from=START, recorded_at=START))
        first = await page(s, start)
        assert len(told(first)) == 1
        s.stage.clock.advance(3000)
        assert told(await page(s, first["next"])) == []


@pytest.mark.row("RO-FEED-EFFECT")
async def test_many_at_one_moment_are_one_event_and_many_moments_several_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE", 2)
    together = [announced(b.PIA), announced(b.PAUL)]
    alone = [announced(b.PAUL, LATER + n, version=2 + n) for n in (1, 2, 3)]
    async with site(tmp_path, *depots(), *together, *alone) as s:
        cursor = (await page(s))["next"]
        s.stage.clock.advance(4000)
        seen: list[Any] = []
        for _ in range(4):
            said = await page(s, cursor)
            seen.append([(one["at"], one["subjects"]) for one in said["events"]])
            cursor = said["next"]
        times = [rfc3339(Seconds(LATER + n)) for n in range(4)]
        assert seen == [
            [(times[0], ["sub_paul", "sub_pia"]), (times[1], ["sub_paul"])],
            [(times[2], ["sub_paul"]), (times[3], ["sub_paul"])], [], [],
        ]  # fmt: skip


@pytest.mark.row("RO-FEED-EFFECT")
async def test_a_cursor_with_another_moment_is_none(tmp_path: Path) -> None:
    async with site(tmp_path, *depots()) as s:
        seq, place, at, check = (await page(s))["next"].split(".")
        for cursor in (f"{seq}.{place}.{int(at) + 1}.{check}", f"{seq}.{place}.{check}", f"{seq}.{place}.-1.{check}"):
            got = await s.http.get("/api/v1/feed", params={"cursor": cursor}, headers=as_client(s))
            assert (got.status, (await got.json())["code"]) == (400, "REQ-INVALID")
