"""Addresses that a store signs: given where the owner allows it, for as long, on record, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from broker.core.rows import Envelope, Repository
from tests import builders as b
from tests.s3 import KEYS, put, s3
from tests.web.site import CLIENT, CONTENT, Site, site
from tests.web.test_dpop import KEY, proof

pytestmark = pytest.mark.row("DW-SIGNED")
ACCESS = f"/ga4gh/drs/v1/objects/{b.ONE}/access"
ALLOWED = {"uninterruptible_delivery": 45}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with s3() as address:
        yield address


@asynccontextmanager
async def far(folder: Path, address: str, *more: Any, **changes: Any) -> AsyncIterator[Site]:
    """The object lies in a bucket."""
    await asyncio.to_thread(put, address, "pre/obj-1.bam", CONTENT)
    bucket = {"root": "s3://heart/pre", "endpoint": address, "credentials": "ambient", "internal": True, "signs": True}
    bank = Repository(id="bank", name="The bank", **bucket | changes.pop("bucket", {}))
    dataset = b.dataset(**changes.pop("allowed", ALLOWED))
    async with site(folder, *more, repository=bank, dataset=dataset, **changes) as s:
        yield s


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)


async def asked(s: Site, way: str = "store", person: str = "usr_ada") -> Any:
    return await s.http.get(f"{ACCESS}/{way}", headers=s.headers(person))


async def test_the_address_gives_the_bytes_without_us_for_as_long_as_the_owner_allows(
    tmp_path: Path, store: str
) -> None:
    async with far(tmp_path, store) as s:
        metadata = await (await s.http.get(f"/ga4gh/drs/v1/objects/{b.ONE}")).json()
        assert [one["access_id"] for one in metadata["access_methods"]] == ["https", "store"]
        got = await asked(s)
        said = await got.json()
        assert (got.status, list(said), got.headers["Cache-Control"]) == (200, ["url"], "no-store")
        assert URL(said["url"]).query["X-Amz-Expires"] == "45"
        async with ClientSession() as nobody, nobody.get(URL(said["url"], encoded=True)) as answer:
            assert (answer.status, await answer.read()) == (200, CONTENT)


async def test_the_record_says_before_that_nobody_will_know_how_much_left(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store) as s:
        got = await asked(s)
        permitted, authorised, unknown = s.stage.ledger.entries[-3:]
        assert [one.kind for one in (permitted, authorised, unknown)] == [
            "access.permitted", "download.authorised", "download.unknown_end",
        ]  # fmt: skip
        assert got.headers["X-Audit-Receipt"] == authorised.id
        assert got.headers["Decision-Id"] == permitted.about["decision"]
        assert authorised.about["way"] == "store"
        assert authorised.about["unstoppable_seconds"] == 45
        assert (authorised.about["first"], authorised.about["last"]) == (0, len(CONTENT) - 1)
        assert unknown.about["delivery"] == authorised.about["delivery"]
        delivery = s.stage.ledger.rows["delivery", str(authorised.about["delivery"])]
        assert (delivery.way, delivery.state) == ("store", "unknown")  # type: ignore[attr-defined]


async def test_without_a_record_there_is_no_address(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store) as s:
        s.stage.ledger.breaks = "lost"
        got = await asked(s)
        assert got.status == 503
        assert "X-Amz" not in await got.text()


LATE = b.drs_object(size=45 * 1_048_576 + 1, checksums={"sha-256": "0" * 64})
FITS = replace(LATE, size=45 * 1_048_576)
SEALED = b.drs_object(envelope=Envelope(header=124, size=20_000, sha256="0" * 64))
NOT_GIVEN: dict[str, dict[str, Any]] = {
    "the owner allows none": {"allowed": {}},
    "the operator allows none": {"bucket": {"signs": False}},
    "a slow line would take longer": {"one": LATE},
    "stored for our key": {"one": SEALED, "allowed": ALLOWED | {"plaintext": True}},
}


@pytest.mark.parametrize("world", NOT_GIVEN.values(), ids=list(NOT_GIVEN))
async def test_otherwise_there_is_no_such_way(tmp_path: Path, store: str, world: dict[str, Any]) -> None:
    async with far(tmp_path, store, **world) as s:
        metadata = await (await s.http.get(f"/ga4gh/drs/v1/objects/{b.ONE}")).json()
        assert "store" not in [one["access_id"] for one in metadata["access_methods"]]
        got = await asked(s)
        assert got.status == 404
        assert (await got.json())["code"] == "REQ-NOT-FOUND"
        assert "download.authorised" not in [one.kind for one in s.stage.ledger.entries]


async def test_the_largest_that_fits_is_given(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store, one=FITS) as s:
        assert (await asked(s)).status == 200


async def test_who_may_not_have_the_object_learns_why_and_gets_no_address(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store) as s:
        got = await asked(s, person="usr_mei")
        assert (got.status, (await got.json())["code"]) == (403, "AUTH-NO-GRANT")
        assert s.stage.ledger.entries[-1].kind == "access.refused"


async def test_whose_token_is_bound_to_a_key_gets_no_address_that_is_bound_to_none(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store, replace(CLIENT, dpop_required=True)) as s:
        token = s.access_token("usr_ada", cnf={"jkt": KEY.jkt})
        proved = {"Authorization": f"DPoP {token}"} | proof("GET", f"{ACCESS}/store", token)
        got = await s.http.get(f"{ACCESS}/store", headers=proved)
        assert (got.status, (await got.json())["code"]) == (403, "ASK-UNSTOPPABLE")
        assert "download.authorised" not in [one.kind for one in s.stage.ledger.entries]


async def test_a_store_that_signs_nothing_is_an_error_and_the_record_says_that_nothing_left(
    tmp_path: Path, store: str
) -> None:
    async with far(tmp_path, store, bucket={"credentials": "missing"}) as s:
        got = await asked(s)
        assert (got.status, (await got.json())["code"]) == (502, "SRV-SOURCE")
        last = s.stage.ledger.entries[-1]
        assert (last.kind, last.about["end"], last.about["sent"]) == ("download.end", "incomplete", 0)


async def test_many_at_once_have_their_addresses_each_on_record(tmp_path: Path, store: str) -> None:
    async with far(tmp_path, store) as s:
        wanted = [{"bulk_object_id": str(b.ONE), "bulk_access_ids": ["https", "store", "nonsense"]}]
        body = {"bulk_object_access_ids": wanted}
        got = await (await s.http.post("/ga4gh/drs/v1/objects/access", json=body, headers=s.headers())).json()
        by_way = {one["drs_access_id"]: one for one in got["resolved_drs_object_access_urls"]}
        assert by_way.keys() == {"https", "store"}
        assert "X-Amz-Signature" in by_way["store"]["url"]
        assert by_way["store"]["receipt"] in [one.id for one in s.stage.ledger.entries]
