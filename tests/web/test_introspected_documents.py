"""A data ticket or a visa that is shown to somebody who keeps data: does it count now? By introspection (RFC 7662)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.oidc.claims import VISA_CLAIM
from broker.core.rows import Access, Put
from broker.flows.visas import VISA_TYPE
from tests import builders as b
from tests.fakes import START, signed
from tests.web.regions import READS, regions
from tests.web.site import CLIENT, Site, site
from tests.web.test_introspected_grants import CLIENTS, client, look

LUNGS = client("lungs", "https://bank.example/datasets/lung")
HEARTS = client("hearts", str(b.HEART))
PLAIN = client("plain")
WHO = (*(one for one in CLIENTS if one.id != "hearts"), LUNGS, HEARTS, PLAIN)
VISA: dict[str, Any] = {"type": "ControlledAccessGrants", "value": str(b.HEART), "source": "https://bank.example/dac",
                        "asserted": START, "by": "dac"}  # fmt: skip


async def ticket_of(s: Site) -> str:
    answer = await s.http.get("/ga4gh/drs/v1/objects/obj-1/access/https", headers=s.headers())
    (line,) = (await answer.json())["headers"]
    token: str = line.removeprefix("Authorization: Bearer ")
    return token


def visa(s: Site, said: dict[str, Any] | None = None, **claims: Any) -> str:
    body = {"iss": b.US, "sub": str(b.ADA), "jti": "vis_1", "iat": START, "exp": START + 600}
    return signed(s.tokens, "visa", VISA_TYPE, {**body, VISA_CLAIM: said or VISA, **claims})


@pytest.mark.row("OUT-INTROSPECT-DOCS")
async def test_a_ticket_is_told_to_who_keeps_its_data_and_to_the_client_that_has_it(tmp_path: Path) -> None:
    web = replace(CLIENT, auth_method="client_secret_basic", secret=client("any").secret)
    async with site(tmp_path, *WHO, web) as s:
        ticket = await ticket_of(s)
        for who in ("everything", "hearts", "web"):
            told = await look(s, who, token=ticket)
            assert (told["active"], told["sub"], told["object"], told["dataset"]) == (True, b.ADA, b.ONE, b.HEART), who
            assert (told["token_type"], told["client_id"]) == ("Bearer", "web")
            assert START < told["exp"] <= START + 3600
        for who in ("lungs", "none", "plain", "api"):
            assert await look(s, who, token=ticket) == {"active": False}, who


@pytest.mark.row("OUT-INTROSPECT-DOCS")
@pytest.mark.parametrize("ended", [f"grant:{b.GRANT}", "person:usr_ada", "session:ses-usr_ada", "family:fam-usr_ada"])
async def test_it_counts_no_longer_than_at_our_own_door(tmp_path: Path, ended: str) -> None:
    async with site(tmp_path, *WHO) as s:
        ticket = await ticket_of(s)
        assert (await look(s, "hearts", token=ticket))["active"] is True
        kinds = s.stage.kinds()
        w = s.stage.world
        await w.ledger.record(w.entry("revocation.made", START, None), Put(b.revocation(ended)))
        assert await look(s, "hearts", token=ticket) == {"active": False}
        assert s.stage.kinds() == [*kinds, "revocation.made"], "nobody was given anything"


@pytest.mark.row("OUT-INTROSPECT-DOCS")
async def test_it_ends_with_its_time_and_when_its_object_moves(tmp_path: Path) -> None:
    async with site(tmp_path, *WHO) as s:
        ticket = await ticket_of(s)
        access = next(row for row in s.stage.ledger.rows.values() if isinstance(row, Access))
        s.stage.clock.advance(access.expires - START - 1)
        assert (await look(s, "hearts", token=ticket))["active"] is True
        s.stage.clock.advance(1)
        assert await look(s, "hearts", token=ticket) == {"active": False}


@pytest.mark.row("OUT-INTROSPECT-DOCS")
async def test_a_ticket_for_regions_says_which_bytes(tmp_path: Path) -> None:
    async with regions(tmp_path, *WHO) as r:
        told = await r.ticket(f"{READS}/cut/bam?referenceName=chr2&start=0&end=30000")
        one = next(one for one in told["urls"] if "headers" in one)
        said = await look(r.site, "hearts", token=one["headers"]["Authorization"].removeprefix("Bearer "))
        first, last = map(int, one["headers"]["Range"].removeprefix("bytes=").split("-"))
        assert [first, last] in said["ranges"]


@pytest.mark.row("OUT-INTROSPECT-DOCS")
async def test_a_visa_counts_while_what_it_says_holds(tmp_path: Path) -> None:
    async with site(tmp_path, *WHO) as s:
        good = visa(s)
        for who in ("everything", "hearts"):
            told = await look(s, who, token=good)
            assert told == {
                "active": True, "iss": b.US, "sub": b.ADA, "jti": "vis_1", "iat": START, "exp": START + 600,
            }  # fmt: skip
        for who in ("lungs", "none", "plain", "api"):
            assert await look(s, who, token=good) == {"active": False}, who
        role = VISA | {"type": "AffiliationAndRole", "value": "faculty@rhine.example"}
        assert (await look(s, "lungs", token=visa(s, role)))["active"] is True, "opens nothing by itself"
        assert await look(s, "plain", token=visa(s, role)) == {"active": False}
        other = VISA | {"value": "https://bank.example/datasets/lung"}
        bad = [
            visa(s, exp=START), visa(s, other), visa(s, sub="usr_nobody"), visa(s, iss="https://elsewhere.example"),
            signed(s.tokens, "visa", VISA_TYPE, {"iss": b.US, "sub": "usr_ada", "exp": START + 9}), good[:-3] + "AAA",
        ]  # fmt: skip
        for token in bad:
            assert await look(s, "everything", token=token) == {"active": False}


@pytest.mark.row("OUT-INTROSPECT-DOCS")
@pytest.mark.parametrize("ended", [f"grant:{b.GRANT}", "person:usr_ada", f"visa:{b.US} vis_1"])
async def test_a_visa_ends_with_what_it_was_minted_from(tmp_path: Path, ended: str) -> None:
    async with site(tmp_path, *WHO) as s:
        w = s.stage.world
        await w.ledger.record(w.entry("revocation.made", START, None), Put(b.revocation(ended)))
        assert await look(s, "hearts", token=visa(s)) == {"active": False}
