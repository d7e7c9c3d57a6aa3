"""Objects whose bytes are being brought: 202 and when to ask again, judged at every poll, on record once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.rows import DrsObject
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.drs_world import BASE, MEI, file, of, valid
from tests.web.site import Site, site

LATE = file("late", availability="staging", ready=Seconds(START + 90))
COLD = file("cold", availability="offline")
ACCESS = f"{BASE}/objects/late/access/https"


async def poll(s: Site, id: str = "late", person: str = str(b.ADA)) -> Any:
    now = s.stage.clock.now()
    return await s.http.get(f"{BASE}/objects/{id}/access/https", headers=s.headers(person, iat=now, exp=now + 600))


def put(s: Site, row: DrsObject) -> None:
    """Staff say something else of the object."""
    s.stage.live.committed((row,), 99)


@pytest.mark.row("DR8")
async def test_who_may_have_it_is_told_when_to_ask_again(tmp_path: Path) -> None:
    async with site(tmp_path, LATE, COLD) as s:
        answer = await poll(s)
        assert (answer.status, answer.headers["Retry-After"], await answer.read()) == (202, "90", b"")
        assert (await poll(s, "cold")).headers["Retry-After"] == "300"
        s.stage.clock.advance(88)
        assert (await poll(s)).headers["Retry-After"] == "5", "not sooner than is worth asking"
        s.stage.clock.advance(80)
        assert (await poll(s)).headers["Retry-After"] == "5", "it is late"
        posted = await s.http.post(ACCESS, json={"passports": [of(s)]})
        assert posted.status == 202


@pytest.mark.row("DR8")
async def test_a_poll_is_judged_again_and_on_record_once(tmp_path: Path) -> None:
    async with site(tmp_path, LATE) as s:
        for _ in range(5):
            assert (await poll(s)).status == 202
        assert s.stage.kinds() == ["access.waiting"]
        about = s.stage.ledger.entries[0].about
        assert (about["object"], about["outcome"]) == ("late", "PERMIT_WITH_OBLIGATIONS")
        assert ("trace", str(about["decision"])) in s.stage.ledger.rows
        s.stage.clock.advance(3600)
        await poll(s)
        assert s.stage.kinds() == ["access.waiting"] * 2
        put(s, b.revocation(f"grant:{b.GRANT}"))  # type: ignore[arg-type]
        assert (await poll(s)).status == 403
        assert s.stage.kinds()[-1] == "access.refused"


async def test_when_it_is_there_it_is_given(tmp_path: Path) -> None:
    async with site(tmp_path, LATE) as s:
        assert (await poll(s)).status == 202
        put(s, replace(LATE, version=2, availability="online", ready=None))
        answer = await poll(s)
        assert answer.status == 200
        valid("AccessURL", await answer.json())
        assert s.stage.kinds() == ["access.waiting", "access.permitted"]


@pytest.mark.row("DR8")
async def test_metadata_say_that_it_is_not_there_and_strangers_learn_no_more(tmp_path: Path) -> None:
    async with site(tmp_path, LATE, COLD) as s:
        for id, available in (("late", False), ("cold", False), ("obj-1", None)):
            told = valid("DrsObject", await (await s.http.get(f"{BASE}/objects/{id}")).json())
            assert told["access_methods"][0].get("available") is available
        assert (await poll(s, person=MEI)).status == 403
        assert (await s.http.get(ACCESS)).status == 401


async def test_in_bulk_what_is_late_is_told_apart_from_what_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path, LATE, COLD) as s:

        def asked(*ids: str) -> dict[str, Any]:
            listed = [{"bulk_object_id": id, "bulk_access_ids": ["https"]} for id in ids]
            return {"bulk_object_access_ids": listed, "passports": [of(s)]}

        some = await s.http.post(f"{BASE}/objects/access", json=asked("obj-1", "late", "cold", "none"))
        told = valid("BulkAccessURLs", await some.json())
        assert (some.status, some.headers["Retry-After"]) == (200, "90")
        assert told["unresolved_drs_objects"] == [
            {"error_code": 202, "object_ids": ["late", "cold"]},
            {"error_code": 404, "object_ids": ["none"]},
        ]
        assert [one.get("retry_after") for one in told["details"]] == [90, 300, None]
        all_late = await s.http.post(f"{BASE}/objects/access", json=asked("late", "cold"))
        assert (all_late.status, all_late.headers["Retry-After"], await all_late.read()) == (202, "90", b"")
        assert s.stage.kinds().count("access.waiting") == 2
